import {
  isCloudEventType,
  ownerOf,
  type CloudEventType,
  type EventName,
  type RequestName,
  type Service,
} from '@attune/events';

/** Everything of the platform lies below this subject, so that it can share a NATS server with others. */
const ROOT = 'attune';

/** The stream that holds all events of one service. */
export function streamOf(service: Service): string {
  return `ATTUNE_${service.toUpperCase()}`;
}

export function streamSubjectsOf(service: Service): string[] {
  return [`${ROOT}.events.${service}.>`];
}

export function eventSubject(name: EventName): string {
  return `${ROOT}.events.${name}`;
}

/** The stream of billing's CloudEvents, for consumers outside the platform. */
export const CLOUD_EVENT_STREAM = 'ATTUNE_BILLING_EVENTS';
export const CLOUD_EVENT_SUBJECTS = [`${ROOT}.cloudevents.>`];

export function cloudEventSubject(type: CloudEventType): string {
  return `${ROOT}.cloudevents.${type}`;
}

/** Where an outbox row goes: an event of the platform, or one for the world outside. */
export function subjectOf(name: string): string {
  return isCloudEventType(name) ? cloudEventSubject(name) : eventSubject(name as EventName);
}

export function streamOfEvent(name: EventName): string {
  return streamOf(ownerOf(name));
}

/** The durable consumer that keeps a consumer's place among the messages of one event, in the event's stream. */
export function durableOf(consumer: string, event: EventName): string {
  return `${consumer}_${event.replaceAll('.', '_')}`;
}

/** Requests lie outside the streams' subjects: a question is never stored. */
export function requestSubject(name: RequestName): string {
  return `${ROOT}.requests.${name}`;
}
