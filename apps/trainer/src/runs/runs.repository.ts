import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import {
  isTerminal,
  leasedStates,
  type Delivery,
  type Run,
  type RunFailure,
  type RunPlace,
  type RunState,
  type Stage,
} from './run';
import { fromRowRun, runColumns, type RunRow } from './run.mapping';

/** The channel that wakes whoever starts runs: sent in the transaction that gives it something to do. */
export const WAKE_CHANNEL = 'attune_training';

export interface NewRun extends RunPlace {
  snapshotKey: string;
  snapshotSha256: string;
  baseModel: string;
  baseDigest: string;
  language: string;
  accelerator: string | null;
  trainingMs: number;
  seed: number;
}

/** What an update may set. Times are given as milliseconds from now, by the database's clock alone; null clears them. */
export interface RunChanges {
  epoch?: number;
  starts?: number;
  failedAttempts?: number;
  host?: string | null;
  pool?: string | null;
  priorityClass?: string | null;
  orderedAgoMs?: number | null;
  preemptions?: number;
  preemptedAgoMs?: number;
  tokenHash?: string | null;
  owner?: string | null;
  stage?: Stage;
  stageDetail?: string | null;
  progress?: number;
  etaSeconds?: number | null;
  sequence?: number;
  eventsSequence?: number;
  delivery?: Delivery | null;
  metrics?: object;
  failure?: RunFailure;
  startAfterMs?: number;
  claimWithinMs?: number | null;
  leaseMs?: number | null;
  claimedAgoMs?: number;
  progressSentAgoMs?: number;
}

const columns: Record<keyof RunChanges, string> = {
  epoch: 'epoch',
  starts: 'starts',
  failedAttempts: 'failed_attempts',
  host: 'host',
  pool: 'pool',
  priorityClass: 'priority_class',
  orderedAgoMs: 'ordered_at',
  preemptions: 'preemptions',
  preemptedAgoMs: 'last_preempted_at',
  tokenHash: 'token_hash',
  owner: 'owner',
  stage: 'stage',
  stageDetail: 'stage_detail',
  progress: 'progress',
  etaSeconds: 'eta_seconds',
  sequence: 'sequence',
  eventsSequence: 'events_sequence',
  delivery: 'delivery',
  metrics: 'metrics',
  failure: 'failure',
  startAfterMs: 'start_after',
  claimWithinMs: 'claim_until',
  leaseMs: 'lease_until',
  claimedAgoMs: 'claimed_at',
  progressSentAgoMs: 'progress_sent_at',
};

const LEASED = leasedStates.map((state) => `'${state}'`).join(', ');

/** The only place that knows the table of runs. Every write names the state and the epoch that it expects. */
@Injectable()
export class RunsRepository {
  constructor(private readonly database: Database) {}

  /** False when the run is there already. */
  async insert(tx: Tx, run: NewRun): Promise<boolean> {
    const inserted = await tx.execute(
      `INSERT INTO training_run (id, organization_id, model_id, snapshot_key, snapshot_sha256, base_model, base_digest, language, training_ms, seed, accelerator)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING`,
      [
        run.runId,
        run.organizationId,
        run.modelId,
        run.snapshotKey,
        run.snapshotSha256,
        run.baseModel,
        run.baseDigest,
        run.language,
        run.trainingMs,
        run.seed,
        run.accelerator,
      ],
    );
    return inserted > 0;
  }

  /** The run, locked until the transaction ends. */
  async lock(tx: Tx, runId: RunId): Promise<Run | null> {
    const [row] = await tx.query<RunRow>(`SELECT ${runColumns} FROM training_run WHERE id = $1 FOR UPDATE`, [runId]);
    return row ? fromRowRun(row) : null;
  }

  /** Without a lock: for reads that the next conditional write checks again. */
  async find(runId: string): Promise<Run | null> {
    const [row] = await this.database.query<RunRow>('system', `SELECT ${runColumns} FROM training_run WHERE id = $1`, [
      runId,
    ]);
    return row ? fromRowRun(row) : null;
  }

  /** A move of the state machine and its entry in run_transition, in one statement. Null when the run was not where it was expected. */
  async move(tx: Tx, run: Run, to: RunState, reason: string, changes: RunChanges = {}): Promise<Run | null> {
    const { assignments, values } = toAssignments(changes, [run.runId, run.state, run.epoch, to, reason]);
    const finished = isTerminal(to) ? ', finished_at = now()' : '';
    const [row] = await tx.query<RunRow>(
      `WITH moved AS (
         UPDATE training_run SET state = $4, updated_at = now() ${finished} ${assignments}
          WHERE id = $1 AND state = $2 AND epoch = $3 RETURNING ${runColumns}
       ), noted AS (
         INSERT INTO run_transition (run_id, organization_id, from_state, to_state, epoch, reason)
         SELECT id, organization_id, $2, $4, epoch, $5 FROM moved
       )
       SELECT * FROM moved`,
      values,
    );
    return row ? fromRowRun(row) : null;
  }

  /** Changes a run that stays in its state. Null when it was no longer in it, or in another epoch. */
  async change(tx: Tx, run: Run, changes: RunChanges): Promise<Run | null> {
    const { assignments, values } = toAssignments(changes, [run.runId, run.state, run.epoch]);
    const [row] = await tx.query<RunRow>(
      `UPDATE training_run SET updated_at = now() ${assignments} WHERE id = $1 AND state = $2 AND epoch = $3 RETURNING ${runColumns}`,
      values,
    );
    return row ? fromRowRun(row) : null;
  }

  /** Extends the lease of the epoch; false when the run is no longer that epoch's. One statement: it is the most frequent write. */
  async heartbeat(runId: string, start: number, epoch: number, leaseMs: number): Promise<boolean> {
    const rows = await this.database.query(
      'system',
      `UPDATE training_run SET lease_until = now() + $4 * interval '1 ms'
        WHERE id = $1 AND starts = $2 AND epoch = $3 AND state IN (${LEASED}) AND delivery IS NULL RETURNING 1`,
      [runId, start, epoch, leaseMs],
    );
    return rows.length > 0;
  }

  /** Runs whose current start was given to this host and is not over: not claimed yet, or leased and not delivered. */
  async listStartsOn(host: string): Promise<Run[]> {
    const rows = await this.database.query<RunRow>(
      'system',
      `SELECT ${runColumns} FROM training_run WHERE host = $1 AND state IN ('queued', ${LEASED}) AND delivery IS NULL`,
      [host],
    );
    return rows.map(fromRowRun);
  }

  /** Runs whose start was not claimed in time or whose lease has run out, by the database's clock. */
  async listLost(): Promise<Run[]> {
    const rows = await this.database.query<RunRow>(
      'system',
      `SELECT ${runColumns} FROM training_run WHERE delivery IS NULL AND
         ((state = 'queued' AND host IS NOT NULL AND claim_until < now()) OR (state IN (${LEASED}) AND lease_until < now()))`,
    );
    return rows.map(fromRowRun);
  }

  /** True when the run is still lost: asked again under its lock, since a heartbeat may have come in between. */
  async isLost(tx: Tx, run: Run): Promise<boolean> {
    const rows = await tx.query(
      `SELECT FROM training_run WHERE id = $1 AND epoch = $2 AND starts = $3 AND coalesce(lease_until, claim_until) < now()`,
      [run.runId, run.epoch, run.starts],
    );
    return rows.length > 0;
  }

  /** Delivered and not yet verified. */
  async listUnverified(): Promise<Run[]> {
    const rows = await this.database.query<RunRow>(
      'system',
      `SELECT ${runColumns} FROM training_run WHERE state = 'training' AND delivery IS NOT NULL ORDER BY updated_at`,
    );
    return rows.map(fromRowRun);
  }

  /** Waiting for the evaluator since, or reminded of it, more than `ms` ago; each is answered to one caller only. */
  async takeWaitingForEvaluation(tx: Tx, ms: number): Promise<Run[]> {
    const rows = await tx.query<RunRow>(
      `UPDATE training_run SET reminded_at = now()
        WHERE state = 'evaluating' AND coalesce(reminded_at, updated_at) < now() - $1 * interval '1 ms' RETURNING ${runColumns}`,
      [ms],
    );
    return rows.map(fromRowRun);
  }

  /** Everything of the model, and a mark that keeps late requests from bringing it back. */
  async eraseModel(tx: Tx, organizationId: OrganizationId, modelId: ModelId): Promise<void> {
    await this.lockModel(tx, modelId);
    await tx.execute(`DELETE FROM training_run WHERE model_id = $1 AND organization_id = $2`, [
      modelId,
      organizationId,
    ]);
    await tx.execute(`INSERT INTO erased_model (model_id, organization_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [
      modelId,
      organizationId,
    ]);
  }

  /** Whether the model is deleted; an erasure that comes now waits until the transaction has ended, and finds what it left. */
  async isErased(tx: Tx, modelId: ModelId): Promise<boolean> {
    await this.lockModel(tx, modelId);
    return (await tx.query('SELECT FROM erased_model WHERE model_id = $1', [modelId])).length > 0;
  }

  private async lockModel(tx: Tx, modelId: ModelId): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`training.model.${String(modelId)}`]);
  }

  /** Wakes the starters of every instance when the transaction commits. */
  async wake(tx: Tx): Promise<void> {
    await tx.query(`SELECT pg_notify($1, '')`, [WAKE_CHANNEL]);
  }
}

function toAssignments(changes: RunChanges, fixed: readonly unknown[]): { assignments: string; values: unknown[] } {
  const values = [...fixed];
  const assignments = (Object.entries(changes) as [keyof RunChanges, unknown][])
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      values.push(typeof value === 'object' && value !== null ? JSON.stringify(value) : value);
      const parameter = `$${String(values.length)}`;
      return `, ${columns[name]} = ${name.endsWith('Ms') ? toTime(name, parameter) : parameter}`;
    });
  return { assignments: assignments.join(''), values };
}

function toTime(name: string, parameter: string): string {
  const sign = name.endsWith('AgoMs') ? '-' : '+';
  return `now() ${sign} ${parameter}::double precision * interval '1 ms'`;
}
