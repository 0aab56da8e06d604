import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ReplyOf, ToldRun } from '@attune/events';
import type { ModelId, OrganizationId } from '@attune/kernel';

export type RunOutcome = ReplyOf<'models.run-outcomes'>['runs'][number];

interface OutcomeRow {
  id: string;
  organization_id: string;
  model_id: number;
  succeeded: boolean;
  snapshot_key: string;
  snapshot_sha256: string;
  training_ms: number;
  finished_at: Date | null;
}

const columns = `id, organization_id, model_id, state = 'succeeded' AS succeeded, snapshot_key, snapshot_sha256, training_ms, finished_at`;

/** A run of a model's is charged soon after it succeeded, and none starts while billing is away: more than a few are never outstanding. */
const NEWEST = 1_000;

/** What became of runs, as billing needs to know it. */
@Injectable()
export class RunOutcomesRepository {
  async list(tx: Tx, ids: readonly string[]): Promise<RunOutcome[]> {
    const rows = await tx.query<OutcomeRow>(`SELECT ${columns} FROM run WHERE id = ANY($1::uuid[])`, [ids]);
    return rows.map(toOutcome);
  }

  /** The newest succeeded runs of a model. */
  async listSucceeded(tx: Tx, organizationId: OrganizationId, modelId: ModelId): Promise<ToldRun[]> {
    const rows = await tx.query<OutcomeRow>(
      `SELECT ${columns} FROM run WHERE model_id = $1 AND organization_id = $2 AND state = 'succeeded'
        ORDER BY finished_at DESC LIMIT ${String(NEWEST)}`,
      [modelId, organizationId],
    );
    return rows.map(toToldRun);
  }
}

function toOutcome(row: OutcomeRow): RunOutcome {
  const scope = { organization_id: row.organization_id, model_id: row.model_id };
  if (row.succeeded) return { ...scope, ...toToldRun(row), state: 'succeeded' };
  return { ...scope, run_id: row.id, state: row.finished_at === null ? 'live' : 'ended' };
}

function toToldRun(row: OutcomeRow): ToldRun {
  return {
    run_id: row.id,
    snapshot_key: row.snapshot_key,
    snapshot_sha256: row.snapshot_sha256,
    training_ms: row.training_ms,
    succeeded_at: (row.finished_at ?? new Date(0)).toISOString(),
  };
}
