export * from './data-source';
export * from './database';
export * from './database.module';
export * from './failures';
export * from './leadership';
export * from './migrate';
export * from './tx';
export * from './wait';
