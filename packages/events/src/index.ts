export * from './entitlements';
export * from './cloud-events';
export * from './events';
export * from './money';
export * from './requests';
export * from './shapes';
export * from './snapshot';
