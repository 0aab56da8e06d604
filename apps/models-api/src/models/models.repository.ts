import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { Model, ModelFilter, ModelStatus, NewModel } from './model';
import { ModelCountsRepository } from './model-counts.repository';
import { ModelEntity } from './model.entity';
import { fromRowModel, type ModelRow } from './model.mapping';

/** What a transaction that changes a model needs to know of it, read under its lock. */
export interface LockedModel {
  id: ModelId;
  organizationId: OrganizationId;
  status: ModelStatus;
  language: string;
  baseModel: string;
}

/** Public for bench/, which runs this very statement without the house around it. */
export const SELECT_MODEL = `
  SELECT m.id, m.organization_id, m.name, m.description, m.language, m.base_model, m.status, m.created_at, m.updated_at,
         r.id AS run_id, r.stage, r.stage_detail, r.eta_seconds, r.cancel_requested_at IS NOT NULL AS is_cancel_requested,
         r.progress, r.requested_at AS started_at, r.finished_at, r.failure, v.metrics, v.training_ms
    FROM model m
    LEFT JOIN run r ON r.id = m.last_run_id
    LEFT JOIN version v ON v.id = m.current_version_id`;

export const SELECT_MODEL_BY_ID = `${SELECT_MODEL} WHERE m.id = $1 AND m.organization_id = $2 AND m.deleted_at IS NULL`;

/** The column behind each filter of a list. Only filters that are named stand in the query: each has an index of its own. */
const FILTERED: Record<keyof ModelFilter, string> = { status: 'status', language: 'language', baseModel: 'base_model' };

/** The only place that knows the table of models. A deleted model is in no answer. */
@Injectable()
export class ModelsRepository {
  constructor(
    private readonly database: Database,
    private readonly counts: ModelCountsRepository,
  ) {}

  /** One round trip: what clients poll while a run is live. */
  async find(organizationId: OrganizationId, id: ModelId): Promise<Model | null> {
    const [row] = await this.database.query<ModelRow>({ organizationId }, SELECT_MODEL_BY_ID, [id, organizationId]);
    return row ? fromRowModel(row) : null;
  }

  async read(tx: Tx, organizationId: OrganizationId, id: ModelId): Promise<Model | null> {
    const [row] = await tx.query<ModelRow>(SELECT_MODEL_BY_ID, [id, organizationId]);
    return row ? fromRowModel(row) : null;
  }

  /** Newest first. The page starts where the counts say, so that the last one costs what the first does. */
  async list(
    organizationId: OrganizationId,
    filter: ModelFilter,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; models: Model[] }> {
    return this.database.read({ organizationId }, async (tx) => {
      const { total, below, skip } = await this.counts.locate(tx, organizationId, filter, page.offset);
      if (page.offset >= total) return { total, models: [] };
      // No more than there are: of two filters no index knows where the last match stands, and the scan would go on to the end.
      const limit = Math.min(page.limit, total - page.offset);
      const values: unknown[] = [organizationId, below ?? Number.MAX_SAFE_INTEGER, limit, skip];
      const conditions = Object.entries(FILTERED).flatMap(([name, column]) => {
        const wanted = filter[name as keyof ModelFilter];
        return wanted === undefined ? [] : [`AND ${column} = $${String(values.push(wanted))}`];
      });
      const rows = await tx.query<ModelRow>(
        `${SELECT_MODEL} WHERE m.id IN (
           SELECT id FROM model WHERE organization_id = $1 AND deleted_at IS NULL AND id < $2 ${conditions.join(' ')}
            ORDER BY id DESC LIMIT $3 OFFSET $4)
         ORDER BY m.id DESC`,
        values,
      );
      return { total, models: rows.map(fromRowModel) };
    });
  }

  async insert(tx: Tx, model: NewModel): Promise<ModelId> {
    const { identifiers } = await tx.manager.insert(ModelEntity, model);
    return Number((identifiers[0] as { id: unknown } | undefined)?.id) as ModelId;
  }

  /** Locks the model until the transaction ends: uploads, runs and deletion of one model take turns. */
  async lock(tx: Tx, organizationId: OrganizationId, id: ModelId): Promise<LockedModel | null> {
    const [row] = await tx.query<{ id: number; status: number; language: string; base_model: string }>(
      `SELECT id, status, language, base_model FROM model
        WHERE id = $1 AND organization_id = $2 AND deleted_at IS NULL FOR UPDATE`,
      [id, organizationId],
    );
    if (!row) return null;
    return { id, organizationId, status: row.status as ModelStatus, language: row.language, baseModel: row.base_model };
  }

  /** Only what is named changes. */
  async describe(
    tx: Tx,
    organizationId: OrganizationId,
    id: ModelId,
    change: { name?: string | undefined; description?: string | null | undefined },
  ): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE model SET updated_at = now(), name = coalesce($3, name), description = CASE WHEN $4 THEN $5 ELSE description END
        WHERE id = $1 AND organization_id = $2 AND deleted_at IS NULL`,
      [id, organizationId, change.name ?? null, change.description !== undefined, change.description ?? null],
    );
    return updated > 0;
  }

  /** A move takes the status it expects; false means that the model was not in it. */
  async move(
    tx: Tx,
    model: { id: ModelId; organizationId: OrganizationId },
    from: ModelStatus,
    to: ModelStatus,
    set: { lastRunId?: RunId; currentVersionId?: string } = {},
  ): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE model SET status = $4, updated_at = now(), last_run_id = coalesce($5, last_run_id),
              current_version_id = coalesce($6, current_version_id)
        WHERE id = $1 AND organization_id = $2 AND status = $3 AND deleted_at IS NULL`,
      [model.id, model.organizationId, from, to, set.lastRunId ?? null, set.currentVersionId ?? null],
    );
    return updated > 0;
  }

  async markDeleted(tx: Tx, organizationId: OrganizationId, id: ModelId): Promise<void> {
    await tx.execute(`UPDATE model SET deleted_at = now() WHERE id = $1 AND organization_id = $2`, [
      id,
      organizationId,
    ]);
  }
}
