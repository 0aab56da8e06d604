import type { Tx } from '@attune/database';

/** The failure of one handling, to be counted. */
export interface Failure {
  consumer: string;
  eventId: string;
  subject: string;
  /** The message as it came, so that it can be handled again without the broker. */
  body: string;
  error: string;
  /** No further try: trying again would fail in the same way. */
  permanent: boolean;
  maxAttempts: number;
}

/** Counts a failure; answers how many there were and whether the event is now a dead letter. */
export async function recordFailure(tx: Tx, failure: Failure): Promise<{ attempts: number; dead: boolean }> {
  const rows = await tx.query<{ attempts: number; dead: boolean }>(
    `INSERT INTO failed_event AS f (consumer, event_id, subject, body, attempts, error, dead_at)
     VALUES ($1, $2, $3, $4, 1, $5, CASE WHEN $6 OR $7 <= 1 THEN clock_timestamp() END)
     ON CONFLICT (consumer, event_id) DO UPDATE SET
       attempts = f.attempts + 1,
       error = excluded.error,
       last_failed_at = clock_timestamp(),
       dead_at = coalesce(f.dead_at, CASE WHEN $6 OR f.attempts + 1 >= $7 THEN clock_timestamp() END)
     RETURNING attempts, dead_at IS NOT NULL AS dead`,
    [
      failure.consumer,
      failure.eventId,
      failure.subject,
      failure.body,
      failure.error,
      failure.permanent,
      failure.maxAttempts,
    ],
  );
  const row = rows[0];
  if (!row) throw new Error('failed_event answered no row');
  return row;
}

/** The event was handled after all. */
export async function forgetFailure(tx: Tx, consumer: string, eventId: string): Promise<void> {
  await tx.execute('DELETE FROM failed_event WHERE consumer = $1 AND event_id = $2', [consumer, eventId]);
}

export interface DeadLetter {
  consumer: string;
  event_id: string;
  subject: string;
  body: string;
  attempts: number;
  error: string;
}

/** The dead letters of a consumer, oldest first. */
export function listDeadLetters(tx: Tx, consumer: string, limit = 100): Promise<DeadLetter[]> {
  return tx.query<DeadLetter>(
    `SELECT consumer, event_id, subject, body, attempts, error FROM failed_event
     WHERE consumer = $1 AND dead_at IS NOT NULL ORDER BY dead_at, event_id LIMIT $2`,
    [consumer, limit],
  );
}
