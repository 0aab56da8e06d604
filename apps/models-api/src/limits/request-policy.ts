import type { CostClass } from '@attune/contracts';
import type { LimitName, Limits } from '@attune/kernel';

/** At most `quota` requests in any `windowSeconds`. */
export interface RequestPolicy {
  policy: LimitName;
  quota: number;
  windowSeconds: number;
}

/** Requests that look count against one more limit than requests that change. */
export type RequestKind = 'status_check' | 'other';

/** What an organization's requests are counted against; it is made anew only when the plan changes. */
export interface RequestRules {
  revision: number;
  policies: Record<RequestKind, readonly RequestPolicy[]>;
  /** How many requests may be open at once; null without a limit. */
  concurrent: number | null;
}

/**
 * A window is counted in this many buckets. A bucket counts until it has left the window whole: no window of the policy's
 * length ever holds more than the quota, and what was used is free again a sixtieth of the window late at most.
 */
export const BUCKETS = 60;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function requestRules(revision: number, limits: Limits): RequestRules {
  const requests = [
    ...policyOf('requests_per_minute', limits.requestsPerMinute, MINUTE),
    ...policyOf('requests_per_hour', limits.requestsPerHour, HOUR),
    ...policyOf('requests_per_day', limits.requestsPerDay, DAY),
  ];
  const looks = policyOf('status_checks_per_minute', limits.statusChecksPerMinute, MINUTE);
  return {
    revision,
    policies: { status_check: [...looks, ...requests], other: requests },
    concurrent: limits.concurrentRequests,
  };
}

export function kindOf(costClass: CostClass): RequestKind {
  return costClass === 'status_check' ? 'status_check' : 'other';
}

/** How long one bucket of the policy is, in seconds. */
export function bucketSeconds(policy: RequestPolicy): number {
  return policy.windowSeconds / BUCKETS;
}

/** The number of the policy's bucket that a moment (milliseconds since 1970) lies in. */
export function bucketAt(policy: RequestPolicy, ms: number): number {
  return Math.floor(ms / (bucketSeconds(policy) * 1000));
}

/** When a bucket has left the window whole, in milliseconds since 1970. */
export function bucketLeavesAtMs(policy: RequestPolicy, bucket: number): number {
  return (bucket + BUCKETS + 1) * bucketSeconds(policy) * 1000;
}

function policyOf(policy: LimitName, quota: number | null, windowSeconds: number): RequestPolicy[] {
  return quota === null ? [] : [{ policy, quota, windowSeconds }];
}
