import type { EventName } from '@attune/events';
import { inTime } from '@attune/kernel';
import { Counter, Gauge, Histogram } from '@attune/observability';

export const outboxUnsent = new Gauge({ name: 'attune_outbox_unsent', help: 'Events that wait to be published' });
export const outboxLagSeconds = new Gauge({
  name: 'attune_outbox_lag_seconds',
  help: 'Age of the oldest event that waits to be published',
});
export const outboxPublished = new Counter({ name: 'attune_outbox_published_total', help: 'Events published' });

const deadLetters = new Gauge({
  name: 'attune_dead_letters',
  help: 'Events that a consumer has given up, until somebody redrives or removes them',
  labelNames: ['consumer'],
});
const knownConsumers = new Set<string>();

/** Makes a consumer known, so that its dead letters read 0 and not nothing. */
export function followDeadLetters(consumer: string): void {
  knownConsumers.add(consumer);
}

/** All dead letters of the service, by consumer. */
export function setDeadLetters(counts: readonly { consumer: string; count: number }[]): void {
  deadLetters.reset();
  for (const consumer of knownConsumers) deadLetters.set({ consumer }, 0);
  for (const { consumer, count } of counts) deadLetters.set({ consumer }, count);
}

/** What the broker says of one durable consumer. */
export interface ConsumerBacklog {
  /** Not delivered yet. */
  pending: number;
  /** Delivered and neither acknowledged nor refused. */
  unacknowledged: number;
}

const ASK_TIMEOUT_MS = 2_000;
const backlogs = new Map<string, Set<() => Promise<ConsumerBacklog>>>();

/** Asked when somebody scrapes, and only then; a broker that does not answer leaves a gap, not a wrong number. */
new Gauge({
  name: 'attune_consumer_backlog',
  help: 'Events in the broker that wait for a consumer: pending (not delivered yet) and unacknowledged',
  labelNames: ['consumer', 'state'],
  async collect() {
    this.reset();
    await Promise.all(
      [...backlogs].map(async ([consumer, askers]) => {
        try {
          const parts = await Promise.all([...askers].map((ask) => inTime(ask(), ASK_TIMEOUT_MS)));
          this.set({ consumer, state: 'pending' }, sum(parts, 'pending'));
          this.set({ consumer, state: 'unacknowledged' }, sum(parts, 'unacknowledged'));
        } catch {
          // Readiness says that the broker is away.
        }
      }),
    );
  },
});

/** Follows one durable consumer until the answer is called; a definition has one for each event. */
export function followBacklog(consumer: string, ask: () => Promise<ConsumerBacklog>): () => void {
  const askers = backlogs.get(consumer) ?? new Set();
  backlogs.set(consumer, askers.add(ask));
  return () => {
    askers.delete(ask);
    if (askers.size === 0) backlogs.delete(consumer);
  };
}

function sum(parts: readonly ConsumerBacklog[], field: keyof ConsumerBacklog): number {
  return parts.reduce((total, part) => total + part[field], 0);
}

/** Outcomes: handled, duplicate, failed (will be retried), deferred (an outage), dead. */
export const eventsReceived = new Counter({
  name: 'attune_events_total',
  help: 'Events received, by what became of them',
  labelNames: ['consumer', 'event', 'outcome'],
});
export const eventsRedelivered = new Counter({
  name: 'attune_events_redelivered_total',
  help: 'Deliveries of an event after its first',
  labelNames: ['consumer'],
});
export const eventsStale = new Counter({
  name: 'attune_events_stale_total',
  help: 'Events that were overtaken by newer ones and changed nothing',
  labelNames: ['event'],
});

/** For services whose conditional update found nothing left to change: newer news is there already, or the end. */
export function noteStale(event: EventName): void {
  eventsStale.inc({ event });
}

export const handlingSeconds = new Histogram({
  name: 'attune_event_handling_seconds',
  help: 'Time to handle one event',
  labelNames: ['consumer'],
  buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
});
export const requestSeconds = new Histogram({
  name: 'attune_request_seconds',
  help: 'Time until another service answered, by outcome',
  labelNames: ['request', 'outcome'],
  buckets: [0.002, 0.01, 0.05, 0.25, 1, 5],
});
