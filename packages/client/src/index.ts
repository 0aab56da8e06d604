export * from './attune-client';
export * from './errors';
export type { FollowOptions } from './following';
export type { DataSummary, WaitOptions } from './waiting';
