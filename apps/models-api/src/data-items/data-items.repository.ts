import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import type { SnapshotItem } from '@attune/events';
import {
  statusOfValidated,
  type DataSummary,
  type NormalizedPair,
  type Rejection,
  type UploadedPair,
} from './data-item';
import { DataItemEntity } from './data-item.entity';
import {
  fromRowsSummary,
  fromRowVerdict,
  type CountsRow,
  type SnapshotRow,
  type Verdict,
  type VerdictRow,
} from './data-item.mapping';

interface ItemKey {
  organizationId: OrganizationId;
  id: ItemId;
}

@Injectable()
export class DataItemsRepository {
  constructor(private readonly database: Database) {}

  async insert(tx: Tx, pair: UploadedPair): Promise<void> {
    await tx.manager.insert(DataItemEntity, pair);
  }

  /** False when the item is gone or has its verdict already. */
  async markValidated(tx: Tx, item: ItemKey, pair: NormalizedPair): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE data_item SET status = $3, audio_ms = $4, normalized_key = $5, normalized_sha256 = $6, transcript_key = $7,
              transcript_sha256 = $8, issues = $9, updated_at = now()
        WHERE id = $1 AND organization_id = $2 AND status = 'processing'`,
      [
        item.id,
        item.organizationId,
        statusOfValidated(pair.issues),
        pair.audioMs,
        pair.normalizedKey,
        pair.normalizedSha256,
        pair.transcriptKey,
        pair.transcriptSha256,
        JSON.stringify(pair.issues),
      ],
    );
    return updated > 0;
  }

  /** False when the item is gone or has its verdict already. */
  async markRejected(tx: Tx, item: ItemKey, rejection: Rejection): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE data_item SET status = 'rejected', rejection_code = $3, rejection_message = $4, issues = $5, updated_at = now()
        WHERE id = $1 AND organization_id = $2 AND status = 'processing'`,
      [item.id, item.organizationId, rejection.code, rejection.message, JSON.stringify(rejection.issues)],
    );
    return updated > 0;
  }

  async deleteRejected(tx: Tx, item: ItemKey): Promise<void> {
    await tx.execute(`DELETE FROM data_item WHERE id = $1 AND organization_id = $2 AND status = 'rejected'`, [
      item.id,
      item.organizationId,
    ]);
  }

  /** The verdicts that are there, of any number of items, in one query. */
  async findVerdicts(ids: readonly string[]): Promise<Map<string, Verdict>> {
    const rows = await this.database.query<VerdictRow>(
      `SELECT id, status, rejection_code, rejection_message, issues FROM data_item
        WHERE id = ANY($1::uuid[]) AND status <> 'processing'`,
      [ids],
    );
    return new Map(rows.map((row) => [row.id, fromRowVerdict(row)]));
  }

  /** Whether a training pair is stored that is not refused: what keeps a model at "ready". */
  async hasTrainingPair(tx: Tx, modelId: ModelId): Promise<boolean> {
    const rows = await tx.query(
      `SELECT 1 FROM data_item WHERE model_id = $1 AND data_type = 'train' AND status <> 'rejected' LIMIT 1`,
      [modelId],
    );
    return rows.length > 0;
  }

  async summarize(tx: Tx, organizationId: OrganizationId, modelId: ModelId): Promise<DataSummary> {
    const rows = await tx.query<CountsRow>(
      `SELECT data_type, count(*) FILTER (WHERE status = 'processing') AS processing,
              count(*) FILTER (WHERE status IN ('ok', 'warning')) AS ready,
              count(*) FILTER (WHERE status = 'rejected') AS rejected,
              coalesce(sum(audio_ms) FILTER (WHERE status IN ('ok', 'warning')), 0)::bigint AS audio_ms
         FROM data_item WHERE model_id = $1 AND organization_id = $2 GROUP BY data_type`,
      [modelId, organizationId],
    );
    return fromRowsSummary(rows);
  }

  /** Every pair that is ready, by item id, a page at a time: any number of items costs one page of memory. */
  async *readyItems(tx: Tx, modelId: ModelId, pageSize = 1000): AsyncGenerator<SnapshotItem> {
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const page = await tx.query<SnapshotRow>(
        `SELECT id AS item_id, data_type, audio_sha256, audio_ms, normalized_key, normalized_sha256, transcript_key,
                transcript_sha256
           FROM data_item WHERE model_id = $1 AND id > $2 AND status IN ('ok', 'warning') ORDER BY id LIMIT $3`,
        [modelId, after, pageSize],
      );
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < pageSize) return;
      after = last.item_id;
    }
  }

  /** Items whose verdict is overdue by `seconds`; marks them as announced again now. */
  async takeOverdue(tx: Tx, seconds: number, limit: number): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `UPDATE data_item SET announced_at = now() WHERE id IN (
         SELECT id FROM data_item WHERE status = 'processing' AND announced_at < now() - make_interval(secs => $1)
          ORDER BY announced_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [seconds, limit],
    );
    return rows.map(({ id }) => id);
  }

  async deleteOfModel(tx: Tx, modelId: ModelId): Promise<void> {
    await tx.execute(`DELETE FROM data_item WHERE model_id = $1`, [modelId]);
  }
}
