export * from './environment';
export * from './platform-health';
export * from './platform.module';
export * from './run-migrations';
export * from './run-service';
