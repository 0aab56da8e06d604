import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { newId, type ItemId, type ModelId, type OrganizationId } from '@attune/kernel';
import type { ItemPlace } from '@attune/storage';

/** Bytes that are to leave the store: all of an item, or the one transcript at `transcriptKey`. */
export interface DataErasure extends ItemPlace {
  id: string;
  transcriptKey: string | null;
}

interface ErasureRow {
  id: string;
  organization_id: string;
  model_id: number;
  item_id: string;
  transcript_key: string | null;
}

/** Whether a run that was asked for before the erasure may still read what is to go. */
const IS_IN_USE = `EXISTS (
  SELECT 1 FROM run_item used JOIN run ON run.id = used.run_id
   WHERE used.item_id = erasure.item_id AND run.state = 'live' AND run.requested_at <= erasure.requested_at)`;

@Injectable()
export class DataErasureRepository {
  /**
   * Call it under the model's lock. Its time is the clock's, not the transaction's: a run that had the lock before may have
   * begun after this transaction did, and has to count as asked for before.
   */
  async insert(tx: Tx, place: ItemPlace, transcriptKey: string | null): Promise<DataErasure> {
    const rows = await tx.query<ErasureRow>(
      `INSERT INTO data_erasure (id, organization_id, model_id, item_id, transcript_key, requested_at, tried_at)
       SELECT $1, $2, $3, $4, $5, now.at, now.at FROM (SELECT clock_timestamp() AS at) now RETURNING *`,
      [newId(), place.organizationId, place.modelId, place.itemId, transcriptKey],
    );
    const [erasure] = rows.map(fromRowErasure);
    if (!erasure) throw new Error('an inserted row was not returned');
    return erasure;
  }

  /** False when it has been done, or taken back, already. */
  async remove(tx: Tx, id: string): Promise<boolean> {
    return (await tx.execute(`DELETE FROM data_erasure WHERE id = $1`, [id])) > 0;
  }

  /** Those that nobody has tried for `seconds`, and that no run stands in the way of; marks them as tried now. */
  async takeDue(tx: Tx, seconds: number, limit: number): Promise<DataErasure[]> {
    const rows = await tx.query<ErasureRow>(
      `UPDATE data_erasure SET tried_at = clock_timestamp() WHERE id IN (
         SELECT id FROM data_erasure erasure
          WHERE tried_at <= now() - make_interval(secs => $1)
            AND NOT ${IS_IN_USE}
          ORDER BY tried_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING *`,
      [seconds, limit],
    );
    return rows.map(fromRowErasure);
  }

  async isInUse(tx: Tx, id: string): Promise<boolean> {
    const rows = await tx.query(`SELECT 1 FROM data_erasure erasure WHERE id = $1 AND ${IS_IN_USE}`, [id]);
    return rows.length > 0;
  }

  async deleteOfModel(tx: Tx, modelId: ModelId): Promise<void> {
    await tx.execute(`DELETE FROM data_erasure WHERE model_id = $1`, [modelId]);
  }
}

function fromRowErasure(row: ErasureRow): DataErasure {
  return {
    id: row.id,
    organizationId: row.organization_id as OrganizationId,
    modelId: row.model_id as ModelId,
    itemId: row.item_id as ItemId,
    transcriptKey: row.transcript_key,
  };
}
