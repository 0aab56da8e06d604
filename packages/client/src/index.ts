export * from './admin-client';
export * from './attune-client';
export { DataClient, type ArchiveOptions, type DataFilter } from './data-client';
export * from './errors';
export type { FollowOptions } from './following';
export type { DataSummary, WaitOptions } from './waiting';
export type { NewWebhook } from './webhooks';
