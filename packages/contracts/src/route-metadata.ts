/** Who may call a route. */
export const scopes = ['custom_models:read', 'custom_models:write', 'stt:transcribe'] as const;
export type Scope = (typeof scopes)[number];

/** What a call counts against. Limits are data of an organization's plan; a route only names its class. */
export type CostClass =
  'status_check' | 'change' | 'model_creation' | 'data_upload' | 'training_start' | 'transcription';

/** `natural`: repeating it changes nothing more. `key`: a repeat is told apart by its Idempotency-Key. */
export type Idempotence = 'natural' | 'key';

/** Every route of the public API carries this, and one guard reads it. A route without it fails at boot. */
export interface RouteMetadata {
  scope: Scope;
  costClass: CostClass;
  idempotence: Idempotence;
}

/** Types a route's metadata where ts-rest takes anything. */
export function meta(scope: Scope, costClass: CostClass, idempotence: Idempotence): RouteMetadata {
  return { scope, costClass, idempotence };
}

/** True when a route's metadata has the three parts that the guard needs. */
export function isRouteMetadata(value: unknown): value is RouteMetadata {
  if (typeof value !== 'object' || value === null) return false;
  const parts = value as Partial<Record<keyof RouteMetadata, unknown>>;
  return (
    scopes.includes(parts.scope as Scope) &&
    typeof parts.costClass === 'string' &&
    (parts.idempotence === 'natural' || parts.idempotence === 'key')
  );
}

/** Marks a route of the operators' API: the admin key opens it and nothing else does. */
export interface AdminMetadata {
  admin: true;
}
export const adminOnly: AdminMetadata = { admin: true };

export function isAdminMetadata(value: unknown): value is AdminMetadata {
  return typeof value === 'object' && value !== null && 'admin' in value && value.admin === true;
}
