import type { LimitName } from '@attune/kernel';
import { limitState, type LimitState } from './limit';
import type { PermitGrant, UnusedPermits } from './permits.repository';
import { bucketAt, bucketLeavesAtMs, type RequestPolicy } from './request-policy';

const TERM_MS = 1000;
/** Below this many requests a second each is asked for alone: what the limits say is used is then what was used. */
const FEW = 10;

/** A request's permit: the second of the database that it is counted in. */
export interface Permit {
  second: number;
}

/** Why a request is refused: every limit as it stands, and the one that holds longest. */
export interface WindowRefusal {
  states: LimitState[];
  by: LimitState;
  waitMs: number;
}

/**
 * Permits of one kind that this process holds. They are good for the second of the database's time that they were counted in:
 * one used later would be missing in the window it falls into. What was not used then is given back.
 * All moments here are of a monotonic clock, in milliseconds: a process's wrong clock changes nothing.
 */
export class PermitPool {
  private held = 0;
  private second = 0;
  private validUntil = Number.NEGATIVE_INFINITY;
  private usedThisTerm = 0;
  private usedLastTerm = 0;
  private latest: { grant: PermitGrant; at: number } | null = null;
  private refusedUntil = Number.NEGATIVE_INFINITY;
  private readonly unused = new Map<number, number>();

  constructor(readonly policies: readonly RequestPolicy[]) {}

  /** A permit, without asking anybody; null when there is none that is still good. */
  take(now: number): Permit | null {
    this.expire(now);
    if (this.held === 0) return null;
    this.held -= 1;
    this.usedThisTerm += 1;
    return { second: this.second };
  }

  /** How many permits the rest of this second may take, as far as the last one tells; none ahead for who asks for a few only. */
  demand(): number {
    const busiest = Math.max(this.usedThisTerm, this.usedLastTerm);
    return busiest < FEW ? 0 : busiest;
  }

  /**
   * Takes a grant in, which was asked for at `askedAt`. The first `needed` permits go to requests that waited for it, however
   * late it came: they were let in when it was given.
   */
  grant(grant: PermitGrant, askedAt: number, needed: number, now: number): Permit[] {
    this.expire(now);
    this.latest = { grant, at: now };
    const second = Math.floor(grant.nowMs / TERM_MS);
    const given = Math.min(grant.granted, needed);
    const rest = grant.granted - given;
    this.usedThisTerm += given;
    if (grant.granted === 0) this.refusedUntil = now + Math.min(TERM_MS, this.full(now)[0]?.waitMs ?? 0);
    if (second === this.second) this.held += rest;
    else {
      this.giveBack(this.second, this.held);
      this.held = rest;
      this.second = second;
    }
    this.validUntil = askedAt + TERM_MS - (grant.nowMs % TERM_MS);
    this.expire(now);
    return Array.from({ length: given }, () => ({ second }));
  }

  /** The refusal that still holds, from the last answer; for at most a second, since others may give back what they did not use. */
  refusal(now: number): WindowRefusal | null {
    if (now >= this.refusedUntil || !this.latest) return null;
    const [longest] = this.full(now);
    const states = this.states(now);
    const state = states.find(({ policy }) => policy === longest?.policy);
    if (!longest || !state) return null;
    const by = { ...state, resetInMs: longest.waitMs, resetAtMs: this.databaseTime(now) + longest.waitMs };
    return { states, by, waitMs: longest.waitMs };
  }

  /** Every limit as it stands, as far as this process knows. */
  states(now: number): LimitState[] {
    if (!this.latest) return [];
    const { grant } = this.latest;
    const nowMs = this.databaseTime(now);
    return this.policies.map((policy) => {
      const window = this.windowOf(policy.policy);
      const used = Math.max(0, (window?.used ?? 0) + grant.granted - this.held);
      const atMs = window?.freesAtMs ?? bucketLeavesAtMs(policy, bucketAt(policy, grant.nowMs));
      const reset = { atMs, inMs: Math.max(0, atMs - nowMs) };
      return limitState(policy.policy, { windowSeconds: policy.windowSeconds, limit: policy.quota, used, reset });
    });
  }

  /** A request that costs nothing after all. Nobody keeps its permit for a next one: requests of the other kind may need it. */
  refund({ second }: Permit): void {
    this.giveBack(second, 1);
  }

  /** What has to be given back by now; it is the caller's from here. */
  takeUnused(now: number): UnusedPermits[] {
    this.expire(now);
    const unused = [...this.unused].flatMap(([second, count]) =>
      this.policies.map((policy) => ({
        policy: policy.policy,
        bucket: bucketAt(policy, second * TERM_MS),
        unused: count,
      })),
    );
    this.unused.clear();
    return unused;
  }

  /** Ends the pool: all that is left is unused. */
  close(): UnusedPermits[] {
    return this.takeUnused(Number.POSITIVE_INFINITY);
  }

  /** The database's time now, in milliseconds since 1970; rather a little early, so that a wait is never too short. */
  databaseTime(now: number): number {
    return this.latest ? this.latest.grant.nowMs + (now - this.latest.at) : now;
  }

  private expire(now: number): void {
    if (now < this.validUntil || this.validUntil === Number.NEGATIVE_INFINITY) return;
    this.giveBack(this.second, this.held);
    this.held = 0;
    this.validUntil = Number.NEGATIVE_INFINITY;
    this.usedLastTerm = this.usedThisTerm;
    this.usedThisTerm = 0;
  }

  private giveBack(second: number, count: number): void {
    if (count > 0) this.unused.set(second, (this.unused.get(second) ?? 0) + count);
  }

  /** The limits that were full by the last answer, and in how long each lets somebody in; the one that holds longest first. */
  private full(now: number): { policy: LimitName; waitMs: number }[] {
    return this.policies
      .flatMap(({ policy, quota, windowSeconds }) => {
        const window = this.windowOf(policy);
        if (!window || window.used < quota) return [];
        const { opensAtMs } = window;
        const waitMs = opensAtMs === null ? windowSeconds * TERM_MS : Math.max(0, opensAtMs - this.databaseTime(now));
        return [{ policy, waitMs }];
      })
      .sort((a, b) => b.waitMs - a.waitMs);
  }

  private windowOf(policy: LimitName): PermitGrant['windows'][number] | undefined {
    return this.latest?.grant.windows.find((window) => window.policy === policy);
  }
}
