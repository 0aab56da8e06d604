/** Who may call a route. */
export const scopes = ['custom_models:read', 'custom_models:write', 'stt:transcribe'] as const;
export type Scope = (typeof scopes)[number];

/** What a call counts against. Limits are data of an organization's plan; a route only names its class. */
export type CostClass =
  'status_check' | 'change' | 'model_creation' | 'data_upload' | 'training_start' | 'transcription';

/**
 * What a repetition does, and so how a request's Idempotency-Key is kept.
 * `natural`: repeating changes nothing more; the answer is kept afterwards.
 * `key`: it would be done twice; handler and key run in one transaction, which commits when the handler has answered.
 * `effect`: the same, where the handler's commit must be seen before it answers, other services are asked before it begins, or
 * its body is streamed: the handler says in its own transaction what it brought about (in models-api by `Effects.record`).
 */
const idempotences = ['natural', 'key', 'effect'] as const;
export type Idempotence = (typeof idempotences)[number];

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
    idempotences.includes(parts.idempotence as Idempotence)
  );
}

/** Marks a route of the operators' API: the admin key opens it and nothing else does. */
export interface AdminMetadata {
  admin: true;
  idempotence: Idempotence;
}

export function adminOnly(idempotence: Idempotence): AdminMetadata {
  return { admin: true, idempotence };
}

export function isAdminMetadata(value: unknown): value is AdminMetadata {
  if (typeof value !== 'object' || value === null) return false;
  const parts = value as Partial<Record<keyof AdminMetadata, unknown>>;
  return parts.admin === true && idempotences.includes(parts.idempotence as Idempotence);
}
