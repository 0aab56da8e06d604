import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import type { ModelFilter } from './model';

/** Where a page of a list starts: among the models below the id (null: among all), after this many of them. */
export interface PageStart {
  total: number;
  below: ModelId | null;
  skip: number;
}

/**
 * Counts of live models by filter and by blocks of ids (256 and 65,536), which triggers keep within every transaction that
 * changes models: exact, and read in a few rows however many models there are.
 */
@Injectable()
export class ModelCountsRepository {
  async total(tx: Tx, organizationId: OrganizationId): Promise<number> {
    const [row] = await tx.query<{ total: number }>(
      'SELECT coalesce(sum(live), 0) AS total FROM model_count WHERE organization_id = $1 AND bits = 16',
      [organizationId],
    );
    return row?.total ?? 0;
  }

  /** The place of the model at `offset`, newest first. */
  async locate(tx: Tx, organizationId: OrganizationId, filter: ModelFilter, offset: number): Promise<PageStart> {
    const [row] = await tx.query<{ total: number; below: number | null; newer: number | null }>(
      'SELECT total, below, newer FROM locate_models($1, $2, $3, $4, $5)',
      [organizationId, filter.status ?? null, filter.language ?? null, filter.baseModel ?? null, offset],
    );
    const { total = 0, below = null, newer = null } = row ?? {};
    return { total, below: below as ModelId | null, skip: offset - (newer ?? 0) };
  }
}
