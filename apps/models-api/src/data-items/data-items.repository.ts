import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import type { SnapshotItem } from '@attune/events';
import {
  statusOfValidated,
  type DataItem,
  type DataSummary,
  type DataType,
  type ItemRef,
  type NormalizedPair,
  type Rejection,
  type UploadedPair,
} from './data-item';
import { DataItemEntity } from './data-item.entity';
import {
  fromRowItem,
  fromRowsSummary,
  fromRowVerdict,
  ITEM_COLUMNS,
  type CountsRow,
  type ItemRow,
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

  /** The item that has this very recording; null when there is none that counts. Call it under the model's lock. */
  async findTwin(tx: Tx, modelId: ModelId, audioSha256: string): Promise<DataItem | null> {
    const [row] = await tx.query<ItemRow>(
      `SELECT ${ITEM_COLUMNS} FROM data_item
        WHERE model_id = $1 AND audio_sha256 = $2 AND text_sha256 IS NOT NULL AND status <> 'rejected'`,
      [modelId, audioSha256],
    );
    return row ? fromRowItem(row) : null;
  }

  async lock(tx: Tx, item: ItemRef): Promise<DataItem | null> {
    const [row] = await tx.query<ItemRow>(
      `SELECT ${ITEM_COLUMNS} FROM data_item WHERE id = $1 AND model_id = $2 AND organization_id = $3 FOR UPDATE`,
      [item.id, item.modelId, item.organizationId],
    );
    return row ? fromRowItem(row) : null;
  }

  async move(tx: Tx, item: ItemKey, dataType: DataType): Promise<void> {
    await tx.execute(
      `UPDATE data_item SET data_type = $3, updated_at = now() WHERE id = $1 AND organization_id = $2 AND data_type <> $3`,
      [item.id, item.organizationId, dataType],
    );
  }

  /** Another text, at a key of its own; the issues are of the pair as it is now. */
  async replaceTranscript(
    tx: Tx,
    item: ItemKey,
    transcript: { filename: string | null; key: string; sha256: string; issues: DataItem['issues'] },
  ): Promise<void> {
    await tx.execute(
      `UPDATE data_item SET transcript_key = $3, transcript_sha256 = $4,
              text_sha256 = CASE WHEN text_sha256 IS NULL THEN NULL ELSE $4 END, issues = $5, status = $6,
              transcript_filename = coalesce($7, transcript_filename), updated_at = now()
        WHERE id = $1 AND organization_id = $2 AND status IN ('ok', 'warning')`,
      [
        item.id,
        item.organizationId,
        transcript.key,
        transcript.sha256,
        JSON.stringify(transcript.issues),
        statusOfValidated(transcript.issues),
        transcript.filename,
      ],
    );
  }

  async delete(tx: Tx, item: ItemKey): Promise<void> {
    await tx.execute(`DELETE FROM data_item WHERE id = $1 AND organization_id = $2`, [item.id, item.organizationId]);
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

  /** The verdicts that are there, of any number of items of any organization, in one query. */
  async findVerdicts(ids: readonly string[]): Promise<Map<string, Verdict>> {
    const rows = await this.database.query<VerdictRow>(
      'system',
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
      `SELECT data_type, coalesce(sum(items) FILTER (WHERE status = 'processing'), 0)::bigint AS processing,
              coalesce(sum(items) FILTER (WHERE status IN ('ok', 'warning')), 0)::bigint AS ready,
              coalesce(sum(items) FILTER (WHERE status = 'rejected'), 0)::bigint AS rejected,
              coalesce(sum(audio_ms) FILTER (WHERE status IN ('ok', 'warning')), 0)::bigint AS audio_ms
         FROM data_item_count WHERE model_id = $1 AND organization_id = $2 GROUP BY data_type`,
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
    await tx.execute(`DELETE FROM data_item_count WHERE model_id = $1`, [modelId]);
  }
}
