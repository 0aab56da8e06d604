import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { erasureServices, type ErasureService } from './erasure';

export interface ModelRef {
  id: ModelId;
  organizationId: OrganizationId;
}

/** However long a service has owed its step, it is asked again this often. */
const LONGEST_WAIT_SECONDS = 3600;

/** The checklist of deleted models. */
@Injectable()
export class ErasureRepository {
  async insertSteps(tx: Tx, model: ModelRef): Promise<void> {
    await tx.execute(
      `INSERT INTO erasure_step (model_id, organization_id, service) SELECT $1, $2, unnest($3::text[])`,
      [model.id, model.organizationId, [...erasureServices]],
    );
  }

  async tick(tx: Tx, model: ModelRef, service: ErasureService): Promise<void> {
    await tx.execute(
      `UPDATE erasure_step SET done_at = now()
        WHERE model_id = $1 AND organization_id = $2 AND service = $3 AND done_at IS NULL`,
      [model.id, model.organizationId, service],
    );
  }

  async isOnlyOwnLeft(tx: Tx, model: ModelRef): Promise<boolean> {
    const rows = await tx.query(
      `SELECT 1 FROM erasure_step WHERE model_id = $1 AND service <> 'models' AND done_at IS NULL LIMIT 1`,
      [model.id],
    );
    return rows.length === 0;
  }

  async isDone(tx: Tx, model: ModelRef, service: ErasureService): Promise<boolean> {
    const rows = await tx.query(
      `SELECT 1 FROM erasure_step WHERE model_id = $1 AND service = $2 AND done_at IS NULL LIMIT 1`,
      [model.id, service],
    );
    return rows.length === 0;
  }

  /** Models whose own step is not ticked (it is the last one, so these are all that are unfinished), by id above `after`. */
  async listUnfinished(tx: Tx, after: number, limit: number): Promise<ModelRef[]> {
    const rows = await tx.query<{ model_id: number; organization_id: string }>(
      `SELECT model_id, organization_id FROM erasure_step
        WHERE service = 'models' AND done_at IS NULL AND model_id > $1 ORDER BY model_id LIMIT $2`,
      [after, limit],
    );
    return rows.map((row) => ({ id: row.model_id as ModelId, organizationId: row.organization_id as OrganizationId }));
  }

  /**
   * The services that owe their step and were last asked `seconds` ago, each time twice as long, up to an hour; marks them as
   * asked now.
   */
  async takeOverdue(tx: Tx, model: ModelRef, seconds: number): Promise<ErasureService[]> {
    const rows = await tx.query<{ service: ErasureService }>(
      `WITH overdue AS (
         UPDATE erasure_step SET requested_at = now(), asked_again = asked_again + 1
          WHERE model_id = $1 AND organization_id = $2 AND service <> 'models' AND done_at IS NULL
            AND requested_at < now() - make_interval(secs => least($3::integer * power(2, least(asked_again, 20)), ${String(LONGEST_WAIT_SECONDS)}))
          RETURNING service)
       SELECT service FROM overdue`,
      [model.id, model.organizationId, seconds],
    );
    return rows.map(({ service }) => service);
  }

  /** The model's row stays as the tombstone of its number, without a word of its owner's. */
  async blank(tx: Tx, model: ModelRef): Promise<void> {
    await tx.execute(`UPDATE model SET name = '', description = NULL WHERE id = $1 AND deleted_at IS NOT NULL`, [
      model.id,
    ]);
  }
}
