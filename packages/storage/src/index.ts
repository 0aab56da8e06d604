export * from './keys';
export * from './object-store';
export * from './object-store.errors';
export * from './config';
