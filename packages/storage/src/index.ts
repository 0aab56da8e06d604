export * from './config';
export * from './filesystem/filesystem-store.handler';
export * from './keys';
export * from './object-store';
export * from './object-store.errors';
export * from './store-from-config';
export * from './verified';
