export { processEnvironment, readSettings, type Settings } from './env';
export { findResources, startPlatform, startResources, type Platform, type ResourcesAlone } from './platform';
