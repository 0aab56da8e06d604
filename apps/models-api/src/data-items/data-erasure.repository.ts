import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { newId, type ItemId, type ModelId, type OrganizationId } from '@attune/kernel';
import type { ItemPlace } from '@attune/storage';

/** Bytes that are to leave the store: all of an item, or the one transcript at `transcriptKey`. */
export interface DataErasure extends ItemPlace {
  id: string;
  transcriptKey: string | null;
  requestedAt: Date;
}

interface ErasureRow {
  id: string;
  organization_id: string;
  model_id: number;
  item_id: string;
  transcript_key: string | null;
  requested_at: Date;
}

@Injectable()
export class DataErasureRepository {
  async insert(tx: Tx, place: ItemPlace, transcriptKey: string | null): Promise<DataErasure> {
    const rows = await tx.query<ErasureRow>(
      `INSERT INTO data_erasure (id, organization_id, model_id, item_id, transcript_key)
       VALUES ($1, $2, $3, $4, $5) RETURNING *`,
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

  /** Those that stand for `seconds` or longer, oldest first. */
  async listDue(tx: Tx, seconds: number, limit: number): Promise<DataErasure[]> {
    const rows = await tx.query<ErasureRow>(
      `SELECT * FROM data_erasure WHERE requested_at <= now() - make_interval(secs => $1) ORDER BY requested_at LIMIT $2`,
      [seconds, limit],
    );
    return rows.map(fromRowErasure);
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
    requestedAt: row.requested_at,
  };
}
