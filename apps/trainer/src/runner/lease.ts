import { delay, messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { Stopped } from './run-errors';

/** The part of the lease that is left unused, so that this runner has stopped before another may start. */
const MARGIN = 0.15;

/**
 * Keeps the run's lease: a heartbeat every quarter of it, on a timer of its own. The lease is lost when the trainer says so, or when no
 * heartbeat got through for the lease less a margin, by this process's monotonic clock, which a stopped process finds advanced.
 */
export class Lease {
  private readonly lost = new AbortController();
  private readonly done = new AbortController();
  private beating: Promise<void> = Promise.resolve();
  private heldUntil = Infinity;

  constructor(private readonly logger: Logger) {}

  /** Aborted once the run is no longer this runner's. */
  get signal(): AbortSignal {
    return this.lost.signal;
  }

  /** Starts the heartbeat; `claimedAt` is performance.now() from before the claim was sent. */
  keep(leaseMs: number, claimedAt: number, beat: (timeoutMs: number) => Promise<void>): void {
    this.heldUntil = claimedAt + leaseMs * (1 - MARGIN);
    this.beating = this.run(leaseMs, beat);
  }

  /** Throws Stopped when the lease is lost. */
  check(): void {
    if (this.lost.signal.aborted || this.left() <= 0) throw new Stopped('the lease is lost');
  }

  /** Ends the heartbeat: the run needs it no more. */
  async release(): Promise<void> {
    this.done.abort();
    await this.beating;
  }

  private async run(leaseMs: number, beat: (timeoutMs: number) => Promise<void>): Promise<void> {
    const everyMs = leaseMs / 4;
    const isOver = (): boolean => this.done.signal.aborted || this.lost.signal.aborted;
    while (!isOver()) {
      await delay(Math.min(everyMs, this.left()), this.done.signal);
      if (isOver()) return;
      const sentAt = performance.now();
      if (this.left() <= 0) {
        this.lose('no heartbeat got through in time');
        return;
      }
      try {
        await beat(Math.min(everyMs, this.left()));
        this.heldUntil = sentAt + leaseMs * (1 - MARGIN);
      } catch (error) {
        if (error instanceof Stopped) this.lose(error.message);
        else this.logger.warn(`heartbeat: ${messageOf(error)}`);
      }
    }
  }

  private left(): number {
    return Math.max(0, this.heldUntil - performance.now());
  }

  private lose(reason: string): void {
    this.logger.warn(`the lease is lost: ${reason}`);
    this.lost.abort();
  }
}
