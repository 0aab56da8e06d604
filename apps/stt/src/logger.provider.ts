/** The service's structured logger. */
export const LOGGER = Symbol('attune:logger');
