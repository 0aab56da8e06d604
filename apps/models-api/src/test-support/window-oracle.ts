import { BUCKETS, type RequestPolicy } from '../limits/request-policy';

/** A window as anybody would count it: a list of what was let in, and when. */
export class WindowOracle {
  private readonly let: { atMs: number; count: number }[] = [];

  constructor(private readonly policy: RequestPolicy) {}

  add(atMs: number, count: number): void {
    this.let.push({ atMs, count });
  }

  /** What still counts: everything whose sixtieth of the window has not left it whole. */
  used(nowMs: number): number {
    const bucketMs = (this.policy.windowSeconds * 1000) / BUCKETS;
    return this.let
      .filter(({ atMs }) => (Math.floor(atMs / bucketMs) + 1) * bucketMs + this.policy.windowSeconds * 1000 > nowMs)
      .reduce((sum, { count }) => sum + count, 0);
  }

  /** The most that any stretch of the window's length held. */
  mostInAnyWindow(): number {
    const windowMs = this.policy.windowSeconds * 1000;
    return Math.max(
      0,
      ...this.let.map(({ atMs: end }) =>
        this.let.filter(({ atMs }) => atMs <= end && atMs > end - windowMs).reduce((sum, { count }) => sum + count, 0),
      ),
    );
  }
}
