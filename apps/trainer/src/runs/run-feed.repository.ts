import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { FeedEvent } from '@attune/events';
import type { ModelId, OrganizationId } from '@attune/kernel';
import type { FeedEntry, Level } from './run-feed';
import { feedColumns, fromRowEvent, toRowEntry, type FeedRow } from './run-feed.mapping';
import type { Run } from './run';

export interface LogLine {
  at: Date;
  level: Level;
  stage: string;
  message: string;
}

/** What happened in the runs of a model, in the order of commits: log lines, measured values, changes of state. */
@Injectable()
export class RunFeedRepository {
  constructor(private readonly database: Database) {}

  /**
   * Appends to the model's feed. The caller holds the run's lock and keeps the feed's own until its transaction ends, so that
   * a later position never becomes visible before an earlier one: a reader that remembers its last position misses nothing.
   */
  async append(tx: Tx, run: Run, entries: readonly FeedEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const rows = entries.map((entry) => toRowEntry(run, entry));
    await tx.execute(
      `WITH taken AS (
         INSERT INTO model_feed AS feed (model_id, organization_id, last_position) VALUES ($1, $2, $5)
         ON CONFLICT (model_id) DO UPDATE SET last_position = feed.last_position + excluded.last_position
         RETURNING last_position - $5 AS first
       )
       INSERT INTO run_event (model_id, organization_id, run_id, epoch, position, at, type, level, stage, message, name, value, step, pass, state)
       SELECT $1, $2, $3, $4, taken.first + n, coalesce(at, now()), type, level, stage, message, name, value, step, pass, state
         FROM taken, ROWS FROM (jsonb_to_recordset($6::jsonb) AS (
           at timestamptz, type text, level text, stage text, message text, name text, value double precision, step bigint, pass integer, state text
         )) WITH ORDINALITY AS given (at, type, level, stage, message, name, value, step, pass, state, n)`,
      [run.modelId, run.organizationId, run.runId, run.epoch, rows.length, JSON.stringify(rows)],
    );
  }

  /** Up to `limit` events of these levels after a position, oldest first; how many there are in all is counted on request. */
  async list(
    organizationId: OrganizationId,
    modelId: ModelId,
    page: { after: number; levels: readonly Level[]; limit: number; withTotal: boolean },
  ): Promise<{ total: number | null; events: FeedEvent[] }> {
    return this.database.read({ organizationId }, async (tx) => {
      const where = 'WHERE organization_id = $1 AND model_id = $2 AND level = ANY ($3)';
      const filter = [organizationId, modelId, [...page.levels]];
      const [count] = page.withTotal
        ? await tx.query<{ total: number }>(`SELECT count(*) AS total FROM run_event ${where}`, filter)
        : [];
      const rows = await tx.query<FeedRow>(
        `SELECT ${feedColumns} FROM run_event ${where} AND position > $4 ORDER BY position LIMIT $5`,
        [...filter, page.after, page.limit],
      );
      return { total: count?.total ?? null, events: rows.map(fromRowEvent) };
    });
  }

  /** A page of all log lines of the model's runs, oldest first, and how many there are. */
  async listLines(
    organizationId: OrganizationId,
    modelId: ModelId,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; lines: LogLine[] }> {
    return this.database.read({ organizationId }, async (tx) => {
      const where = `WHERE organization_id = $1 AND model_id = $2 AND type = 'log'`;
      const [count] = await tx.query<{ total: number }>(`SELECT count(*) AS total FROM run_event ${where}`, [
        organizationId,
        modelId,
      ]);
      const lines = await tx.query<LogLine>(
        `SELECT at, level, stage, message FROM run_event ${where} ORDER BY position LIMIT $3 OFFSET $4`,
        [organizationId, modelId, page.limit, page.offset],
      );
      return { total: count?.total ?? 0, lines };
    });
  }

  async eraseModel(tx: Tx, organizationId: OrganizationId, modelId: ModelId): Promise<void> {
    await tx.execute('DELETE FROM model_feed WHERE model_id = $1 AND organization_id = $2', [modelId, organizationId]);
  }
}
