import { delay, messageOf, systemClock, type Clock } from '@attune/kernel';
import type { RunnerEvent } from '../runner-protocol/protocol';
import type { Shown } from './progress';

const FLUSH_EVERY_MS = 250;
const MAX_BATCH = 500;
/** Events that wait while the trainer is away; metrics are dropped first above this, then log lines. */
const MAX_WAITING = 5000;
const MAX_MESSAGE = 2000;

type Level = 'info' | 'warning' | 'error';

/** Gathers what the run has to say and sends it in order, a batch at a time; only the newest progress of a batch is sent. */
export class Reporter {
  private waiting: RunnerEvent[] = [];
  private sequence = 0;
  private stage: Shown['stage'] = 'preparing';
  private sending: Promise<void> | null = null;
  private failure: Error | null = null;

  constructor(
    private readonly send: (sequence: number, events: readonly RunnerEvent[]) => Promise<void>,
    private readonly clock: Clock = systemClock,
  ) {}

  show(shown: Shown): void {
    if (shown.stage !== this.stage) {
      this.stage = shown.stage;
      this.add({ type: 'stage', stage: shown.stage });
    }
    this.waiting = this.waiting.filter(({ type }) => type !== 'progress');
    this.add({ type: 'progress', progress: shown.progress, eta_seconds: shown.etaSeconds });
  }

  /** In the customer's words: no paths, no transcripts. */
  log(level: Level, message: string): void {
    this.add({
      type: 'log',
      time: this.clock.now().toISOString(),
      level,
      stage: this.stage,
      message: message.slice(0, MAX_MESSAGE),
    });
  }

  metric(metric: { name: string; value: number; step: number; epoch: number }): void {
    const { name, value, step, epoch } = metric;
    if (this.waiting.length < MAX_WAITING)
      this.add({ type: 'metric', time: this.clock.now().toISOString(), name, value, step, epoch });
  }

  /** Resolves when everything said so far has arrived. Throws what the trainer's last answer was, if that was no good one. */
  async flush(): Promise<void> {
    while (this.sending !== null || this.waiting.length > 0) {
      this.rethrow();
      await (this.sending ?? this.startSending(0));
    }
    this.rethrow();
  }

  private add(event: RunnerEvent): void {
    if (this.waiting.length >= 2 * MAX_WAITING) return;
    this.waiting.push(event);
    if (this.sending === null && this.failure === null) void this.startSending(FLUSH_EVERY_MS);
  }

  private startSending(afterMs: number): Promise<void> {
    this.sending = delay(afterMs)
      .then(() => this.sendAll())
      .catch((error: unknown) => {
        this.failure = error instanceof Error ? error : new Error(messageOf(error));
      })
      .finally(() => {
        this.sending = null;
      });
    return this.sending;
  }

  private async sendAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH);
      this.sequence += 1;
      await this.send(this.sequence, batch);
    }
  }

  private rethrow(): void {
    if (this.failure !== null) throw this.failure;
  }
}
