import type { FeedEvent } from '@attune/events';

export const levels = ['info', 'warning', 'error'] as const;
export type Level = (typeof levels)[number];
export type { FeedEvent };

/** Where a reader stands in a model's feed: it has seen everything up to this position. 0: nothing yet. */
export type FeedPosition = number;

/** A level and all that are worse. */
export function fromLevel(level: Level): Level[] {
  return levels.slice(levels.indexOf(level));
}

/** What whoever follows a feed is told; a heartbeat says that nothing has happened for a while. */
export type FeedSignal = { kind: 'begin' | 'heartbeat' | 'end' } | { kind: 'event'; event: FeedEvent };
