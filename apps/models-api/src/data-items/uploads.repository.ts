import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import type { ItemPlace } from '@attune/storage';
import { UploadEntity } from './upload.entity';

/**
 * One row for each upload whose bytes are on their way, so that what a crashed one left in the store can be found. Whoever
 * deletes the row owns the bytes: the upload that makes an item of them, or the sweep that removes them.
 */
@Injectable()
export class UploadsRepository {
  constructor(private readonly database: Database) {}

  async insert(tx: Tx, place: ItemPlace): Promise<void> {
    await tx.manager.insert(UploadEntity, place);
  }

  /** Says that bytes still come in: a slow upload is no abandoned one. */
  async touch({ itemId, organizationId }: ItemPlace): Promise<void> {
    await this.database.query({ organizationId }, `UPDATE upload SET touched_at = now() WHERE item_id = $1`, [itemId]);
  }

  /** False when the sweep was faster. */
  async take(tx: Tx, itemId: ItemId): Promise<boolean> {
    return (await tx.execute(`DELETE FROM upload WHERE item_id = $1`, [itemId])) > 0;
  }

  /** Takes one upload that was not touched for `seconds`; its row is gone when the transaction commits. */
  async takeAbandoned(tx: Tx, seconds: number): Promise<ItemPlace | null> {
    const [row] = await tx.query<{ item_id: string; organization_id: string; model_id: number }>(
      `DELETE FROM upload WHERE item_id = (
         SELECT item_id FROM upload WHERE touched_at < now() - make_interval(secs => $1)
          ORDER BY touched_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING item_id, organization_id, model_id`,
      [seconds],
    );
    if (!row) return null;
    return {
      itemId: row.item_id as ItemId,
      organizationId: row.organization_id as OrganizationId,
      modelId: row.model_id as ModelId,
    };
  }

  /** Whether bytes of the model may still arrive. */
  async isReceiving(tx: Tx, modelId: ModelId): Promise<boolean> {
    return (await tx.query(`SELECT 1 FROM upload WHERE model_id = $1 LIMIT 1`, [modelId])).length > 0;
  }
}
