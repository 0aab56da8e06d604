import { delay, messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import { eventsReceived, eventsRedelivered, followBacklog, followDeadLetters, handlingSeconds } from './metrics';
import type { EventHandler, Outcome } from './handle';

export interface ConsumerLoopSettings {
  name: string;
  handler: EventHandler;
  concurrency: number;
  /** The durable consumer, made (with its stream) where it is missing. */
  open: () => Promise<Consumer>;
  logger: Logger;
  /** Waits before tries 2, 3, ... of an event that its handler refused; the last one repeats. */
  retryDelaysMs?: readonly number[];
  /** As the durable consumer has it; default ACK_WAIT_MS. */
  ackWaitMs?: number;
}

/** How long the broker waits for an acknowledgement or a sign of life before it gives the event to somebody else. */
export const ACK_WAIT_MS = 30_000;
const PULL_EXPIRES_MS = 5_000;
const RETRY_DELAYS_MS = [1_000, 5_000, 30_000, 120_000, 600_000];
/** During an outage: soon enough after its end, seldom enough while it lasts. */
const DEFER_DELAYS_MS = [1_000, 5_000, 15_000];
const LAST_BACKOFF_MS = 10_000;

/**
 * Feeds one durable consumer's events to its handler, `concurrency` at a time. Each lane pulls one message when it is free, so
 * nothing waits in a buffer while its acknowledgement time runs out. When the stream or consumer is gone (the broker lost its
 * store), the lane makes it anew and goes on.
 */
export class ConsumerLoop {
  private readonly stopping = new AbortController();
  private lanes: Promise<void>[] = [];
  private unfollow: () => void = () => undefined;
  private opened: Promise<Consumer> | null = null;
  private readonly pulls = new Set<{ stop: () => void }>();

  constructor(private readonly settings: ConsumerLoopSettings) {}

  /** Resolves when the durable consumer exists; work goes on in the background. */
  async start(): Promise<void> {
    await this.consumer();
    followDeadLetters(this.settings.name);
    this.unfollow = followBacklog(this.settings.name, async () => {
      const info = await (await this.consumer()).info();
      return { pending: info.num_pending, unacknowledged: info.num_ack_pending };
    });
    this.lanes = Array.from({ length: this.settings.concurrency }, () => this.lane());
  }

  /** Takes nothing new; resolves when what is in hand has been handled. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.unfollow();
    for (const pull of this.pulls) pull.stop();
    await Promise.all(this.lanes);
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** One opening for all lanes; a failed one is forgotten so that the next try starts afresh. */
  private consumer(): Promise<Consumer> {
    this.opened ??= this.settings.open().catch((error: unknown) => {
      this.opened = null;
      throw error;
    });
    return this.opened;
  }

  private async lane(): Promise<void> {
    let failures = 0;
    while (!this.stopped) {
      try {
        const message = await this.pull();
        const outcome = message && (await this.deliver(message));
        failures = outcome?.kind === 'deferred' ? failures + 1 : 0;
      } catch (error) {
        failures++;
        this.opened = null;
        this.settings.logger.warn(`${this.settings.name}: pulling failed: ${messageOf(error)}`);
      }
      if (failures > 0) await delay(Math.min(250 * 2 ** failures, LAST_BACKOFF_MS), this.stopping.signal);
    }
  }

  private async pull(): Promise<JsMsg | null> {
    const messages = await (await this.consumer()).fetch({ max_messages: 1, expires: PULL_EXPIRES_MS });
    if (this.stopped) {
      messages.stop();
      return null;
    }
    this.pulls.add(messages);
    try {
      for await (const message of messages) return message;
      return null;
    } finally {
      this.pulls.delete(messages);
    }
  }

  private async deliver(message: JsMsg): Promise<Outcome> {
    const { name, handler, ackWaitMs = ACK_WAIT_MS } = this.settings;
    if (message.redelivered) eventsRedelivered.inc({ consumer: name });
    const observe = handlingSeconds.startTimer({ consumer: name });
    const alive = setInterval(() => message.working(), ackWaitMs / 3);
    try {
      const outcome = await handler.handle({
        subject: message.subject,
        body: message.string(),
        signal: this.stopping.signal,
      });
      this.answer(message, outcome);
      eventsReceived.inc({ consumer: name, event: message.subject, outcome: outcome.kind });
      return outcome;
    } finally {
      clearInterval(alive);
      observe();
    }
  }

  /** After the commit, never before it. A lost answer means one more delivery, which the inbox drops. */
  private answer(message: JsMsg, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'handled':
      case 'duplicate':
        message.ack();
        return;
      case 'dead':
        message.term(outcome.reason.slice(0, 200));
        return;
      case 'failed':
        message.nak(at(this.settings.retryDelaysMs ?? RETRY_DELAYS_MS, outcome.attempts));
        return;
      case 'deferred':
        message.nak(at(DEFER_DELAYS_MS, message.info.deliveryCount));
    }
  }
}

/** The delay after the `count`th time; the last one repeats. */
function at(delays: readonly number[], count: number): number {
  return delays[Math.min(count, delays.length) - 1] ?? 1_000;
}
