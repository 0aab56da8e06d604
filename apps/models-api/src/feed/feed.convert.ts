import type { ApiFeedEvent, ApiFeedPage } from '@attune/contracts';
import { AppError, type ModelId } from '@attune/kernel';
import type { FeedEvent, FeedPosition, FeedSignal } from './feed';

/** Opaque to clients: it says where in which model's feed a reader stands. */
export function toApiCursor(modelId: ModelId, position: FeedPosition): string {
  return Buffer.from(`${String(modelId)}.${String(position)}`).toString('base64url');
}

/** Without a cursor the beginning. Throws VALIDATION_ERROR for what is no cursor of this model's feed. */
export function fromApiCursor(modelId: ModelId, cursor: string | undefined): FeedPosition {
  if (cursor === undefined) return 0;
  const position = /^(\d{1,16})\.(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (position?.[1] === String(modelId)) return Number(position[2]);
  throw new AppError('VALIDATION_ERROR', 'The request is not valid', {
    details: { cursor: 'is not a cursor that this feed has given' },
  });
}

export function toApiFeedEvent(modelId: ModelId, { position, ...event }: FeedEvent): ApiFeedEvent {
  return { cursor: toApiCursor(modelId, position), ...event };
}

export function toApiFeedPage(
  modelId: ModelId,
  after: FeedPosition,
  { total, events }: { total: number; events: FeedEvent[] },
): ApiFeedPage {
  return {
    count: events.length,
    total_results: total,
    result: events.map((event) => toApiFeedEvent(modelId, event)),
    next_cursor: toApiCursor(modelId, events.at(-1)?.position ?? after),
  };
}

/**
 * A piece of an event stream (WHATWG HTML, 9.2). JSON has no line breaks, so one `data` line holds it. Comments are what readers skip, proxies and
 * dead connections do not; after `end` there is nothing to come back for.
 */
export function toEventStream(modelId: ModelId, signal: FeedSignal): string {
  switch (signal.kind) {
    case 'begin':
      return 'retry: 1000\n: the feed begins\n\n';
    case 'heartbeat':
      return ': still here\n\n';
    case 'end':
      return 'event: end\ndata: {}\n\n';
    case 'event': {
      const event = toApiFeedEvent(modelId, signal.event);
      return `id: ${event.cursor}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
    }
  }
}
