import { connectClient, type Database } from '@attune/database';
import { delay, messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import type { Client } from 'pg';
import { groupBy } from './group-by';
import { outboxLagSeconds, outboxPublished, outboxUnsent, setDeadLetters } from './metrics';
import { WakeUp } from './wake-up';

/** A row of the outbox as the relay hands it on. `envelope` is the JSON text to send. */
export interface OutboxMessage {
  id: string;
  eventName: string;
  aggregateId: string;
  envelope: string;
}

export interface RelaySettings {
  database: Database;
  /** Resolves once the broker has stored the message. */
  publish: (message: OutboxMessage) => Promise<void>;
  /** False while publishing cannot work: the rows stay where they are and nobody waits for time-outs. */
  isConnected: () => boolean;
  logger: Logger;
  /** Rows claimed at once; default 200. */
  batchSize?: number;
  /** Longest time between two looks when no notification comes; default 1000 ms. */
  pollMs?: number;
}

const FIRST_BACKOFF_MS = 250;
const LAST_BACKOFF_MS = 10_000;
const LAG_EVERY_MS = 5_000;

/**
 * Unsent rows are claimed by their state, never by a cursor: a transaction that commits late is found all the same.
 * A row waits while an earlier unsent one of its aggregate is in another relay's hands, which keeps each aggregate in order.
 */
const CLAIM = `
  WITH claimed AS MATERIALIZED (
    SELECT id, position, event_name, aggregate_id, envelope::text AS envelope
    FROM outbox WHERE sent_at IS NULL
    ORDER BY position LIMIT $1
    FOR UPDATE SKIP LOCKED)
  SELECT id, event_name, aggregate_id, envelope FROM claimed
  WHERE NOT EXISTS (
    SELECT FROM outbox earlier
    WHERE earlier.sent_at IS NULL
      AND earlier.aggregate_id = claimed.aggregate_id
      AND earlier.position < claimed.position
      AND NOT EXISTS (SELECT FROM claimed mine WHERE mine.id = earlier.id))
  ORDER BY position`;

interface ClaimedRow {
  id: string;
  event_name: string;
  aggregate_id: string;
  envelope: string;
}

/**
 * Moves committed outbox rows to the broker: at least once, in order per aggregate. It has a PostgreSQL connection of its
 * own (LISTEN, and locks that go when it dies), any number of relays may run beside each other, and it survives the absence
 * of PostgreSQL or the broker for as long as that lasts.
 */
export class Relay {
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private readonly wakeUp = new WakeUp();

  constructor(private readonly settings: RelaySettings) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Resolves when the batch in hand is done. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wakeUp.notify();
    await this.running;
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    while (!this.stopped) {
      try {
        await this.session(() => {
          backoffMs = FIRST_BACKOFF_MS;
        });
      } catch (error) {
        this.settings.logger.warn(`outbox relay: ${messageOf(error)}; next try in ${String(backoffMs)} ms`);
        await delay(backoffMs, this.stopping.signal);
        backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS);
      }
    }
  }

  /** Works on one connection until it breaks, publishing fails, or the relay is stopped. */
  private async session(succeeded: () => void): Promise<void> {
    const { database } = this.settings;
    const client = await connectClient(
      database.url,
      { applicationName: `${database.schema} relay`, schema: database.schema, scope: 'system' },
      { timeoutMs: 0 },
    );
    const connection: { lost: Error | null } = { lost: null };
    const onLost = (error?: Error): void => {
      connection.lost ??= error ?? new Error('Connection terminated');
      this.wakeUp.notify();
    };
    client.once('error', onLost).once('end', onLost);
    client.on('notification', () => this.wakeUp.notify());
    try {
      await client.query(`LISTEN "attune_outbox_${database.schema}"`);
      let lagAt = 0;
      while (!this.stopped) {
        if (connection.lost !== null) throw connection.lost;
        // First: a batch that cannot be published ends the session, and that is when the lag matters.
        if (performance.now() >= lagAt) {
          await reportBacklog(client);
          lagAt = performance.now() + LAG_EVERY_MS;
        }
        const full = this.settings.isConnected() && (await this.relayBatch(client));
        succeeded();
        if (!full) await this.wakeUp.sleep(this.settings.pollMs ?? 1_000);
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Answers whether the batch was full, so that there is probably more. Throws when something could not be published. */
  private async relayBatch(client: Client): Promise<boolean> {
    const limit = this.settings.batchSize ?? 200;
    await client.query('BEGIN');
    const { rows } = await client.query<ClaimedRow>(CLAIM, [limit]);
    const { sent, failure } = await this.publishAll(rows);
    if (sent.length > 0) {
      await client.query('UPDATE outbox SET sent_at = clock_timestamp() WHERE id = ANY($1)', [sent]);
      outboxPublished.inc(sent.length);
    }
    await client.query('COMMIT');
    if (failure !== null) throw failure;
    return rows.length === limit;
  }

  /** All aggregates at once, each in its order: after a failure nothing later of that aggregate is sent. */
  private async publishAll(rows: readonly ClaimedRow[]): Promise<{ sent: string[]; failure: Error | null }> {
    const sent: string[] = [];
    let failure: Error | null = null;
    const publishInOrder = async (ofAggregate: readonly ClaimedRow[]): Promise<void> => {
      try {
        for (const row of ofAggregate) {
          await this.settings.publish({
            id: row.id,
            eventName: row.event_name,
            aggregateId: row.aggregate_id,
            envelope: row.envelope,
          });
          sent.push(row.id);
        }
      } catch (error) {
        failure = new Error(`cannot publish: ${messageOf(error)}`, { cause: error });
      }
    };
    await Promise.all([...groupBy(rows, (row) => row.aggregate_id).values()].map(publishInOrder));
    return { sent, failure };
  }
}

async function reportBacklog(client: Client): Promise<void> {
  const { rows } = await client.query<{ unsent: number; lag: number }>(
    `SELECT count(*)::int AS unsent,
            coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS lag
     FROM outbox WHERE sent_at IS NULL`,
  );
  outboxUnsent.set(rows[0]?.unsent ?? 0);
  outboxLagSeconds.set(rows[0]?.lag ?? 0);
  const dead = await client.query<{ consumer: string; count: number }>(
    'SELECT consumer, count(*)::int AS count FROM failed_event WHERE dead_at IS NOT NULL GROUP BY consumer',
  );
  setDeadLetters(dead.rows);
}
