/** Provides env's WorkSettings. */
export const WORK_SETTINGS = Symbol('ingestion:work-settings');
