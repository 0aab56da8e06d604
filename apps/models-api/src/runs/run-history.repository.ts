import { Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import type { RunMetrics } from '@attune/events';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import { fromRowMetrics } from '../models/model.mapping';
import type { RunFailure, RunRecord, RunState } from './run';

interface RunRow {
  id: string;
  model_id: number;
  state: string;
  is_cancel_requested: boolean;
  stage: string;
  stage_detail: string | null;
  progress: number;
  eta_seconds: number | null;
  requested_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  training_ms: number;
  failure: RunFailure | null;
  version: number | null;
  metrics: RunMetrics | null;
}

const SELECT_RUN = `
  SELECT r.id, r.model_id, r.state, r.cancel_requested_at IS NOT NULL AS is_cancel_requested, r.stage, r.stage_detail, r.progress, r.eta_seconds,
         r.requested_at, r.started_at, r.finished_at, r.training_ms, r.failure, v.number AS version, v.metrics
    FROM run r LEFT JOIN version v ON v.run_id = r.id`;

/** Runs as their owner looks back at them. */
@Injectable()
export class RunHistoryRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async list(
    organizationId: OrganizationId,
    modelId: ModelId,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; runs: RunRecord[] }> {
    return this.database.read({ organizationId }, async (tx) => {
      const of = [organizationId, modelId];
      const where = 'r.organization_id = $1 AND r.model_id = $2';
      const [count] = await tx.query<{ total: number }>(`SELECT count(*) AS total FROM run r WHERE ${where}`, of);
      const rows = await tx.query<RunRow>(`${SELECT_RUN} WHERE ${where} ORDER BY r.id DESC LIMIT $3 OFFSET $4`, [
        ...of,
        page.limit,
        page.offset,
      ]);
      return { total: count?.total ?? 0, runs: rows.map(fromRowRun) };
    });
  }

  async find(organizationId: OrganizationId, modelId: ModelId, id: string): Promise<RunRecord | null> {
    return this.database.read({ organizationId }, async (tx) => {
      const [row] = await tx.query<RunRow>(
        `${SELECT_RUN} WHERE r.organization_id = $1 AND r.model_id = $2 AND r.id = $3`,
        [organizationId, modelId, id],
      );
      return row ? fromRowRun(row) : null;
    });
  }

  /** Whether a run of the model is live; null when there is no such model (any more). For who follows one. */
  async isLive(organizationId: OrganizationId, modelId: ModelId): Promise<boolean | null> {
    return this.database.read({ organizationId }, async (tx) => {
      const [row] = await tx.query<{ live: boolean }>(
        `SELECT EXISTS (SELECT FROM run WHERE model_id = model.id AND state = 'live') AS live FROM model
          WHERE id = $1 AND organization_id = $2 AND deleted_at IS NULL`,
        [modelId, organizationId],
      );
      return row ? row.live : null;
    });
  }
}

function fromRowRun(row: RunRow): RunRecord {
  return {
    id: row.id as RunId,
    modelId: row.model_id as ModelId,
    state: row.state as RunState,
    isCancelRequested: row.is_cancel_requested,
    stage: row.stage,
    stageDetail: row.stage_detail,
    progress: row.progress,
    etaSeconds: row.eta_seconds,
    queuePosition: null,
    requestedAt: row.requested_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    trainingMs: row.training_ms,
    failure: row.failure,
    version: row.version,
    metrics: row.metrics && fromRowMetrics(row.metrics, row.training_ms),
  };
}
