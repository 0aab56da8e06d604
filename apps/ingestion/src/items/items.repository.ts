import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import type { ItemRef, Report } from './item';
import { fromRowReport, toRowReport, type ReportRow } from './item.mapping';

const SELECT_ERASED = `
  SELECT 1 FROM erased_model WHERE organization_id = $1 AND model_id = $2
  UNION ALL SELECT 1 FROM erased_item WHERE organization_id = $1 AND item_id = $3`;

@Injectable()
export class ItemsRepository {
  constructor(private readonly database: Database) {}

  /** The verdict on a pair; null while there is none. */
  async findReport({ organizationId, itemId }: ItemRef): Promise<Report | null> {
    const [row] = await this.database.query<ReportRow>(
      { organizationId },
      'SELECT * FROM ingestion_report WHERE organization_id = $1 AND item_id = $2',
      [organizationId, itemId],
    );
    return row ? fromRowReport(row) : null;
  }

  /** Whether the pair or its model is deleted, as a hint: `lockUnlessErased` decides. */
  async isErased(item: ItemRef): Promise<boolean> {
    return (await this.database.query(item, SELECT_ERASED, erasedParameters(item))).length > 0;
  }

  /** False when the pair or its model is deleted; else an erasure that comes now waits until the transaction has ended. */
  async lockUnlessErased(tx: Tx, item: ItemRef): Promise<boolean> {
    // Shared: pairs of one model do not wait for each other.
    await tx.query('SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [lockOf(item.modelId)]);
    return (await tx.query(SELECT_ERASED, erasedParameters(item))).length === 0;
  }

  /** Keeps the report unless the pair has one already; false then. */
  async insertReport(tx: Tx, item: ItemRef, report: Report): Promise<boolean> {
    const row = toRowReport(item, report);
    const columns = Object.keys(row);
    const inserted = await tx.execute(
      `INSERT INTO ingestion_report (${columns.join(', ')}) VALUES (${columns.map((_, i) => `$${String(i + 1)}`).join(', ')})
       ON CONFLICT (item_id) DO NOTHING`,
      Object.values(row),
    );
    return inserted === 1;
  }

  /** Marks the model as deleted for ever and removes what is known of it. */
  async eraseModel(tx: Tx, organizationId: OrganizationId, modelId: ModelId): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lockOf(modelId)]);
    await tx.execute('INSERT INTO erased_model (organization_id, model_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      organizationId,
      modelId,
    ]);
    for (const table of ['ingestion_report', 'erased_item']) {
      await tx.execute(`DELETE FROM ${table} WHERE organization_id = $1 AND model_id = $2`, [organizationId, modelId]);
    }
  }

  /** Marks one pair as deleted for ever and removes what is known of it. */
  async eraseItem(tx: Tx, { organizationId, modelId, itemId }: ItemRef): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lockOf(modelId)]);
    await tx.execute(
      'INSERT INTO erased_item (organization_id, model_id, item_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [organizationId, modelId, itemId],
    );
    await tx.execute('DELETE FROM ingestion_report WHERE organization_id = $1 AND item_id = $2', [
      organizationId,
      itemId,
    ]);
  }

  /** Pairs with a verdict whose upload still lies in the store, oldest first. */
  async listUploadsLeft(limit: number): Promise<(ItemRef & { outcome: Report['outcome'] })[]> {
    const rows = await this.database.query<Pick<ReportRow, 'organization_id' | 'model_id' | 'item_id' | 'outcome'>>(
      'system',
      `SELECT organization_id, model_id, item_id, outcome FROM ingestion_report
       WHERE upload_removed_at IS NULL ORDER BY reported_at LIMIT $1`,
      [limit],
    );
    return rows.map((row) => ({
      organizationId: row.organization_id as OrganizationId,
      modelId: row.model_id as ModelId,
      itemId: row.item_id as ItemId,
      outcome: row.outcome,
    }));
  }

  async markUploadRemoved(tx: Tx, itemIds: readonly ItemId[]): Promise<void> {
    await tx.execute(
      'UPDATE ingestion_report SET upload_removed_at = now() WHERE item_id = ANY($1) AND upload_removed_at IS NULL',
      [itemIds],
    );
  }
}

function lockOf(modelId: ModelId): string {
  return `ingestion.model.${String(modelId)}`;
}

function erasedParameters({ organizationId, modelId, itemId }: ItemRef): unknown[] {
  return [organizationId, modelId, itemId];
}
