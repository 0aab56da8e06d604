import type { RunState } from './run';

export const levels = ['info', 'warning', 'error'] as const;
export type Level = (typeof levels)[number];

/** Something that happened in a run, for its model's feed. */
export type FeedEntry =
  /** `at` null: now, by the database's clock. */
  | { type: 'log'; at: Date | null; level: Level; stage: string; message: string }
  | { type: 'metric'; at: Date; name: string; value: number; step: number; pass: number }
  /** The run is in this state from now on; `message` says why it ended, in the customer's words. */
  | { type: 'state'; state: RunState; message?: string };

/** How loud a change of state is. */
export function levelOf(state: RunState): Level {
  if (state === 'failed') return 'error';
  return state === 'cancelling' || state === 'cancelled' ? 'warning' : 'info';
}
