/**
 * The services that hold something of a model, one step of its erasure each. This service's own step comes last. Billing's step is done
 * when the usage of every succeeded run is recorded: until then the runs' snapshots stay.
 */
export const erasureServices = ['models', 'ingestion', 'training', 'evaluation', 'billing'] as const;
export type ErasureService = (typeof erasureServices)[number];
