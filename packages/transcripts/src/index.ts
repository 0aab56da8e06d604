export * from './transcript';
