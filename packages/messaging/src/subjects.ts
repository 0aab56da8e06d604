import { ownerOf, type EventName, type RequestName, type Service } from '@attune/events';

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

export function streamOfEvent(name: EventName): string {
  return streamOf(ownerOf(name));
}

/** Requests lie outside the streams' subjects: a question is never stored. */
export function requestSubject(name: RequestName): string {
  return `${ROOT}.requests.${name}`;
}
