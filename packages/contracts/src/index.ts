export * from './contract';
export * from './data.schema';
export * from './models.schema';
export * from './openapi';
export * from './responses';
export * from './route-metadata';
export * from './runs.schema';
export * from './stt.schema';
