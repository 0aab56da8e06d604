export * from './attune-client';
export * from './errors';
export type { DataSummary, WaitOptions } from './waiting';
