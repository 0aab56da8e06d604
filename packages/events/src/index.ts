export * from './entitlements';
export * from './events';
export * from './requests';
export * from './shapes';
export * from './snapshot';
