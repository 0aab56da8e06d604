/** The services that hold something of a model, one step of its erasure each. This service's own step comes last. */
export const erasureServices = ['models', 'ingestion', 'training', 'evaluation'] as const;
export type ErasureService = (typeof erasureServices)[number];
