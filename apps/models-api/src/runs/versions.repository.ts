import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { RunMetrics } from '@attune/events';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import { fromRowMetrics } from '../models/model.mapping';
import type { ListedVersion } from './version';

interface VersionRow {
  id: string;
  number: number;
  run_id: string;
  created_at: Date;
  base_digest: string;
  digest: string;
  training_ms: number;
  metrics: RunMetrics;
  active: boolean;
}

/** The versions of a model; they are numbered from 1 and never change. */
@Injectable()
export class VersionsRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async list(
    organizationId: OrganizationId,
    modelId: ModelId,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; versions: ListedVersion[] }> {
    return this.database.read({ organizationId }, async (tx) => {
      const of = [organizationId, modelId];
      const where = 'v.organization_id = $1 AND v.model_id = $2';
      const [count] = await tx.query<{ total: number }>(`SELECT count(*) AS total FROM version v WHERE ${where}`, of);
      const rows = await tx.query<VersionRow>(
        `SELECT v.id, v.number, v.run_id, v.created_at, v.base_digest, v.digest, v.training_ms, v.metrics,
                v.id = m.current_version_id AS active
           FROM version v JOIN model m ON m.id = v.model_id
          WHERE ${where} ORDER BY v.number DESC LIMIT $3 OFFSET $4`,
        [...of, page.limit, page.offset],
      );
      return { total: count?.total ?? 0, versions: rows.map((row) => fromRowListed(modelId, row)) };
    });
  }

  async findByNumber(tx: Tx, modelId: ModelId, number: number): Promise<{ id: string; runId: RunId } | null> {
    const [row] = await tx.query<{ id: string; run_id: string }>(
      'SELECT id, run_id FROM version WHERE model_id = $1 AND number = $2',
      [modelId, number],
    );
    return row ? { id: row.id, runId: row.run_id as RunId } : null;
  }

  /**
   * The model serves with this version from now on. `shownRunId`: the run whose times the model shows, where they change with it. False
   * when it served already.
   */
  async activate(tx: Tx, modelId: ModelId, versionId: string, shownRunId: RunId | null): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE model SET current_version_id = $2, last_run_id = coalesce($3, last_run_id), updated_at = now()
        WHERE id = $1 AND current_version_id IS DISTINCT FROM $2`,
      [modelId, versionId, shownRunId],
    );
    return updated > 0;
  }
}

function fromRowListed(modelId: ModelId, row: VersionRow): ListedVersion {
  return {
    modelId,
    number: row.number,
    runId: row.run_id as RunId,
    createdAt: row.created_at,
    baseDigest: row.base_digest,
    digest: row.digest,
    trainingMs: row.training_ms,
    metrics: fromRowMetrics(row.metrics, row.training_ms),
    isActive: row.active,
  };
}
