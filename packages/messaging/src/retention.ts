import { Reconciler, type Database } from '@attune/database';
import type { Logger } from '@attune/observability';

export interface RetentionSettings {
  /** Days that sent events stay in the outbox; default 30. */
  outboxDays?: number;
  /** Days that an event counts as handled: longer than anyone may send it again. Null keeps it for ever; default 120. */
  inboxDays?: number | null;
}

const HOUR_MS = 60 * 60 * 1000;
/** Small transactions, so that nobody waits for the sweep. */
const BATCH = 1_000;

const PRUNE_OUTBOX = `
  DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE sent_at < now() - make_interval(days => $1) LIMIT ${String(BATCH)} FOR UPDATE SKIP LOCKED)`;
const PRUNE_INBOX = `
  DELETE FROM inbox WHERE (consumer, event_id) IN (
    SELECT consumer, event_id FROM inbox WHERE handled_at < now() - make_interval(days => $1)
    LIMIT ${String(BATCH)} FOR UPDATE SKIP LOCKED)`;

/** Removes old outbox and inbox rows once an hour, in one instance of the service. */
export function retention(database: Database, logger: Logger, settings: RetentionSettings = {}): Reconciler {
  const { outboxDays = 30, inboxDays = 120 } = settings;
  return new Reconciler({
    database,
    name: `${database.schema}.messaging-retention`,
    everyMs: HOUR_MS,
    pass: async (signal) => {
      await prune(database, PRUNE_OUTBOX, outboxDays, signal);
      if (inboxDays !== null) await prune(database, PRUNE_INBOX, inboxDays, signal);
    },
    log: (message) => logger.warn(message),
  });
}

async function prune(database: Database, sql: string, days: number, signal: AbortSignal): Promise<void> {
  let removed = BATCH;
  while (removed === BATCH && !signal.aborted) {
    removed = await database.runInTransaction('system', (tx) => tx.execute(sql, [days]));
  }
}
