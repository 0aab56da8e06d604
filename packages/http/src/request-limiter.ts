import type { CostClass } from '@attune/contracts';
import type { Principal } from './principal';

/** One limit as it stands after a request was counted. */
export interface LimitReport {
  policy: string;
  /** Null where open requests are counted, not requests within a time. */
  windowSeconds: number | null;
  limit: number;
  remaining: number;
  /** When more becomes available: in milliseconds since 1970, and from now; null when nothing is used. */
  resetAtMs: number | null;
  resetInMs: number | null;
}

/** A request that was let in. */
export interface Admission {
  /** The limits that it counts in; empty when none applies. */
  reports: readonly LimitReport[];
  /** Called once, when the answer has left or the client has gone; a refunded request costs nothing. */
  end(refund: boolean): void;
}

/** Counts requests against what an organization's plan allows. */
export abstract class RequestLimiter {
  /** Throws RATE_LIMIT_EXCEEDED, or SERVICE_UNAVAILABLE where a call must not pass uncounted. */
  abstract admit(principal: Principal, costClass: CostClass): Promise<Admission>;
}

/** For services behind the public API, which has counted already. */
export class NoRequestLimits extends RequestLimiter {
  override admit(): Promise<Admission> {
    return Promise.resolve({ reports: [], end: () => undefined });
  }
}
