/** The services, in the order in which they are started. */
export const serviceNames = ['billing', 'ingestion', 'evaluator', 'trainer', 'stt', 'models-api'] as const;
export type ServiceName = (typeof serviceNames)[number];
