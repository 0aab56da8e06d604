import type { FeedEvent } from '@attune/events';
import { levelOf, type FeedEntry, type Level } from './run-feed';
import type { Run, RunState } from './run';

/** A row of run_event, the columns that an answer has. */
export interface FeedRow {
  position: number;
  run_id: string;
  at: Date;
  type: string;
  level: string;
  stage: string;
  message: string | null;
  name: string | null;
  value: number | null;
  step: number | null;
  pass: number | null;
  state: string | null;
}

export const feedColumns = 'position, run_id, at, type, level, stage, message, name, value, step, pass, state';

/** What an entry writes, by the names of the columns. `at` null: now, by the database's clock. */
export function toRowEntry(run: Run, entry: FeedEntry): object {
  switch (entry.type) {
    case 'log':
      return { type: 'log', at: entry.at, level: entry.level, stage: entry.stage, message: entry.message };
    case 'metric': {
      const { at, name, value, step, pass } = entry;
      return { type: 'metric', at, level: 'info', stage: run.stage, name, value, step, pass };
    }
    case 'state': {
      const { state, message = null } = entry;
      return { type: 'state', at: null, level: levelOf(state), stage: run.stage, state, message };
    }
  }
}

/** The table's CHECKs allow these combinations only. */
export function fromRowEvent(row: FeedRow): FeedEvent {
  const base = {
    position: row.position,
    timestamp: row.at.toISOString(),
    level: row.level as Level,
    run_id: row.run_id,
    stage: row.stage,
  };
  switch (row.type) {
    case 'log':
      return { ...base, type: 'log', message: row.message ?? '' };
    case 'metric': {
      const { name, value, step, pass } = row;
      return { ...base, type: 'metric', name: name ?? '', value: value ?? 0, step: step ?? 0, epoch: pass ?? 0 };
    }
    case 'state':
      return { ...base, type: 'state', state: row.state as RunState, message: row.message };
    default:
      throw new Error(`unknown type of event ${row.type}`);
  }
}
