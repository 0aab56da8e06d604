import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { Run, RunPlace } from './run';
import { fromRowRun, runColumns, type RunRow } from './run.mapping';

/** Runs that are being cancelled, and cancellations whose run has not come yet. */
@Injectable()
export class CancellationsRepository {
  constructor(private readonly database: Database) {}

  /** From here until their transactions end, a run's request and its cancellation take turns: neither overlooks the other. */
  async takeTurn(tx: Tx, runId: RunId): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('attune.training.request ' || $1, 0))`, [runId]);
  }

  async noteEarly(tx: Tx, run: RunPlace): Promise<void> {
    await tx.execute(
      `INSERT INTO early_cancellation (run_id, organization_id, model_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
      [run.runId, run.organizationId, run.modelId],
    );
  }

  /** True when the run was cancelled before it came; the note has served its purpose then. */
  async takeEarly(tx: Tx, runId: RunId): Promise<boolean> {
    return (await tx.execute('DELETE FROM early_cancellation WHERE run_id = $1', [runId])) > 0;
  }

  async eraseModel(tx: Tx, organizationId: OrganizationId, modelId: ModelId): Promise<void> {
    await tx.execute('DELETE FROM early_cancellation WHERE model_id = $1 AND organization_id = $2', [
      modelId,
      organizationId,
    ]);
  }

  /** Runs being cancelled whose start was given to this host. */
  async listOn(host: string): Promise<Run[]> {
    const rows = await this.database.query<RunRow>(
      'system',
      `SELECT ${runColumns} FROM training_run WHERE state = 'cancelling' AND host = $1`,
      [host],
    );
    return rows.map(fromRowRun);
  }

  /** Runs being cancelled whose host has not said so for long, and whose start can be at work no longer: its lease has run out. */
  async listAbandoned(): Promise<Run[]> {
    const rows = await this.database.query<RunRow>(
      'system',
      `SELECT ${runColumns} FROM training_run
        WHERE state = 'cancelling' AND coalesce(lease_until, claim_until, updated_at + interval '1 minute') < now()`,
    );
    return rows.map(fromRowRun);
  }
}
