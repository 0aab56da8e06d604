import { BUCKETS, bucketAt, bucketLeavesAtMs, type RequestPolicy } from './request-policy';

/** How full a window is. Times are milliseconds since 1970; null when nothing is used. */
export interface WindowState {
  used: number;
  /** When some of it becomes free. */
  freesAtMs: number | null;
  /** When there is room for one more; null while there is. */
  opensAtMs: number | null;
}

/** Requests of one policy counted in this process: the database's count (take_permits) in small, for when that cannot be asked. */
export class SlidingWindow {
  /** Used by bucket, oldest first. */
  private readonly counts = new Map<number, number>();
  private newest = Number.NEGATIVE_INFINITY;

  constructor(readonly policy: RequestPolicy) {}

  look(nowMs: number): WindowState {
    const now = this.advance(nowMs);
    const buckets = [...this.counts].filter(([bucket]) => bucket >= now - BUCKETS);
    const used = buckets.reduce((sum, [, count]) => sum + count, 0);
    const [oldest] = buckets;
    return {
      used,
      freesAtMs: oldest ? bucketLeavesAtMs(this.policy, oldest[0]) : null,
      opensAtMs: used < this.policy.quota ? null : this.opensAt(buckets, used, nowMs),
    };
  }

  add(nowMs: number): void {
    const now = this.advance(nowMs);
    this.counts.set(now, (this.counts.get(now) ?? 0) + 1);
  }

  /** Time never runs backwards here: a clock that was put back counts on in the newest bucket. */
  private advance(nowMs: number): number {
    this.newest = Math.max(this.newest, bucketAt(this.policy, nowMs));
    for (const bucket of this.counts.keys()) {
      if (bucket >= this.newest - BUCKETS) break;
      this.counts.delete(bucket);
    }
    return this.newest;
  }

  private opensAt(buckets: readonly (readonly [number, number])[], used: number, nowMs: number): number {
    let left = used;
    for (const [bucket, count] of buckets) {
      left -= count;
      if (left < this.policy.quota) return bucketLeavesAtMs(this.policy, bucket);
    }
    // A quota of nothing never opens; the caller is told to come back after a window.
    return nowMs + this.policy.windowSeconds * 1000;
  }
}
