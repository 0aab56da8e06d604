import type { EventName } from '@attune/events';
import { Counter, Gauge, Histogram } from '@attune/observability';

export const outboxUnsent = new Gauge({ name: 'attune_outbox_unsent', help: 'Events that wait to be published' });
export const outboxLagSeconds = new Gauge({
  name: 'attune_outbox_lag_seconds',
  help: 'Age of the oldest event that waits to be published',
});
export const outboxPublished = new Counter({ name: 'attune_outbox_published_total', help: 'Events published' });

/** Outcomes: handled, duplicate, unknown, failed (will be retried), deferred (an outage), dead. */
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
