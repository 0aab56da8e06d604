import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { boundsOf, type Charge } from './charge';
import { fromRowCharge, toRowCharge, type ChargeRow } from './charge.mapping';

export interface ChargeFilter {
  organizationId: OrganizationId;
  month: string | null;
  modelId: ModelId | null;
  runId: string | null;
}

export interface ChargeTotals {
  count: number;
  newMs: number;
  overageMs: number;
  amountCents: number;
}

const columns = `run_id, organization_id, model_id, price_book, currency, training_ms, used_ms, new_ms, included_ms, overage_ms,
  amount_cents, occurred_at, recorded_at`;

const filtered = `organization_id = $1
  AND occurred_at >= coalesce($2::timestamptz, '-infinity') AND occurred_at < coalesce($3::timestamptz, 'infinity')
  AND ($4::bigint IS NULL OR model_id = $4)
  AND ($5::uuid IS NULL OR run_id = $5)`;

@Injectable()
export class ChargesRepository {
  /** Throws when the run is charged already: there is no second charge of a run. */
  async insert(tx: Tx, charge: Charge): Promise<void> {
    await tx.execute(
      `INSERT INTO charge (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      toRowCharge(charge),
    );
  }

  async totals(tx: Tx, filter: ChargeFilter): Promise<ChargeTotals> {
    const [row] = await tx.query<{ count: number; new_ms: number; overage_ms: number; amount_cents: number }>(
      `SELECT count(*) AS count, coalesce(sum(new_ms), 0)::bigint AS new_ms, coalesce(sum(overage_ms), 0)::bigint AS overage_ms,
              coalesce(sum(amount_cents), 0)::bigint AS amount_cents
         FROM charge WHERE ${filtered}`,
      parametersOf(filter),
    );
    return {
      count: row?.count ?? 0,
      newMs: row?.new_ms ?? 0,
      overageMs: row?.overage_ms ?? 0,
      amountCents: row?.amount_cents ?? 0,
    };
  }

  /** Newest first. */
  async list(tx: Tx, filter: ChargeFilter, page: { offset: number; limit: number }): Promise<Charge[]> {
    const rows = await tx.query<ChargeRow>(
      `SELECT ${columns} FROM charge WHERE ${filtered} ORDER BY recorded_at DESC, run_id DESC OFFSET $6 LIMIT $7`,
      [...parametersOf(filter), page.offset, page.limit],
    );
    return rows.map(fromRowCharge);
  }

  /** More than one only when somebody has tampered. */
  async listOfRun(tx: Tx, organizationId: OrganizationId, runId: string): Promise<Charge[]> {
    const rows = await tx.query<ChargeRow>(`SELECT ${columns} FROM charge WHERE organization_id = $1 AND run_id = $2`, [
      organizationId,
      runId,
    ]);
    return rows.map(fromRowCharge);
  }
}

function parametersOf(filter: ChargeFilter): unknown[] {
  const bounds = filter.month === null ? { from: null, until: null } : boundsOf(filter.month);
  return [filter.organizationId, bounds.from, bounds.until, filter.modelId, filter.runId];
}
