import type { CostClass } from '@attune/contracts';
import type { LimitReport } from '@attune/http';
import type { LimitName, Limits } from '@attune/kernel';

/** Limits on what may happen within an hour; each is counted in the transaction of the action itself. */
export const hourlyPolicies = [
  'model_creations_per_hour',
  'training_starts_per_hour',
  'data_uploads_per_hour',
] as const satisfies readonly LimitName[];
export type HourlyPolicy = (typeof hourlyPolicies)[number];

export const HOUR_SECONDS = 3600;

/** How many of the action an hour may hold; null without a limit. */
export function hourlyQuota(limits: Limits, policy: HourlyPolicy): number | null {
  switch (policy) {
    case 'model_creations_per_hour':
      return limits.modelCreationsPerHour;
    case 'training_starts_per_hour':
      return limits.trainingStartsPerHour;
    case 'data_uploads_per_hour':
      return limits.dataUploadsPerHour;
  }
}

/** The hourly limit that a call of this class meets in its action; null for one that meets none. */
export function hourlyPolicyOf(costClass: CostClass): HourlyPolicy | null {
  switch (costClass) {
    case 'model_creation':
      return 'model_creations_per_hour';
    case 'training_start':
      return 'training_starts_per_hour';
    case 'data_upload':
      return 'data_uploads_per_hour';
    case 'status_check':
    case 'change':
    case 'transcription':
      return null;
  }
}

/** One limit as it stands now; `remaining` is never negative, also when a plan's change put it below what was used. */
export interface LimitState extends LimitReport {
  policy: LimitName;
}

/** The state of a limit of which `used` are used. `reset` is when more becomes available. */
export function limitState(
  policy: LimitName,
  of: { windowSeconds: number | null; limit: number; used: number; reset: { atMs: number; inMs: number } | null },
): LimitState {
  const { windowSeconds, limit, used } = of;
  const reset = used > 0 ? of.reset : null;
  return {
    policy,
    windowSeconds,
    limit,
    remaining: Math.max(0, limit - used),
    resetAtMs: reset?.atMs ?? null,
    resetInMs: reset?.inMs ?? null,
  };
}

/** How long nothing is left of a full hour. Of a limit of zero there is never anything; an hour is as good a wait as any. */
export function hourlyWaitMs({ resetInMs }: LimitState): number {
  return resetInMs ?? HOUR_SECONDS * 1000;
}
