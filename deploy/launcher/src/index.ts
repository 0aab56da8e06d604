export { processEnvironment, readSettings, type Settings } from './env';
export { startPlatform, type Platform } from './platform';
