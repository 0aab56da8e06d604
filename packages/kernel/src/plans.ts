/** The plans that billing sells, cheapest first. */
export const plans = ['free', 'bronze', 'silver', 'gold', 'enterprise'] as const;
export type Plan = (typeof plans)[number];

/** Every limit that a plan sets, with its name in rows, events and answers. A new one stands here first. */
export const limitNames = {
  requestsPerMinute: 'requests_per_minute',
  requestsPerHour: 'requests_per_hour',
  requestsPerDay: 'requests_per_day',
  concurrentRequests: 'concurrent_requests',
  models: 'models',
  liveRuns: 'live_runs',
  modelCreationsPerHour: 'model_creations_per_hour',
  trainingStartsPerHour: 'training_starts_per_hour',
  statusChecksPerMinute: 'status_checks_per_minute',
  dataUploadsPerHour: 'data_uploads_per_hour',
} as const;
export type LimitKey = keyof typeof limitNames;
export type LimitName = (typeof limitNames)[LimitKey];

/** How much of each an organization may have or do. Null: unlimited. */
export type Limits = Record<LimitKey, number | null>;
/** The same as rows, events and answers have it. */
export type NamedLimits = Record<LimitName, number | null>;

/** What an organization may do. */
export interface Entitlements {
  plan: Plan;
  mayTrain: boolean;
  /** Training audio that a run needs at least, in decoded milliseconds. */
  minimumTrainingMs: number;
  limits: Limits;
}

const keys = Object.keys(limitNames) as LimitKey[];

/** The same for every limit, under the name that rows, events and answers have: what schemas are made of. */
export function forEachLimitName<T>(value: T): Record<LimitName, T> {
  return Object.fromEntries(keys.map((key) => [limitNames[key], value])) as Record<LimitName, T>;
}

/** No limit of any kind. */
export const unlimited: Limits = limitsOf(() => null);

/** A value for every limit. */
export function limitsOf(value: (key: LimitKey, name: LimitName) => number | null): Limits {
  return Object.fromEntries(keys.map((key) => [key, value(key, limitNames[key])])) as Limits;
}

export function fromNamedLimits(named: NamedLimits): Limits {
  return limitsOf((_, name) => named[name]);
}

export function toNamedLimits(limits: Limits): NamedLimits {
  return Object.fromEntries(keys.map((key) => [limitNames[key], limits[key]])) as NamedLimits;
}

/** What stands in `named`, and nothing else: for limits that differ from the plan's. */
export function fromNamedOverrides(named: { [name in LimitName]?: number | null | undefined }): Partial<Limits> {
  const given = keys.filter((key) => named[limitNames[key]] !== undefined);
  return Object.fromEntries(given.map((key) => [key, named[limitNames[key]]]));
}

export function toNamedOverrides(overrides: Partial<Limits>): Partial<NamedLimits> {
  const given = keys.filter((key) => overrides[key] !== undefined);
  return Object.fromEntries(given.map((key) => [limitNames[key], overrides[key]]));
}
