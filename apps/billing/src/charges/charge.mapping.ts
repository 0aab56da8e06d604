import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { Charge } from './charge';

export interface ChargeRow {
  run_id: string;
  organization_id: string;
  model_id: number;
  price_book: string;
  currency: string;
  training_ms: number;
  used_ms: number;
  new_ms: number;
  included_ms: number;
  overage_ms: number;
  amount_cents: number;
  occurred_at: Date;
  recorded_at: Date;
}

export function fromRowCharge(row: ChargeRow): Charge {
  return {
    runId: row.run_id as RunId,
    organizationId: row.organization_id as OrganizationId,
    modelId: row.model_id as ModelId,
    priceBook: row.price_book,
    currency: row.currency,
    trainingMs: BigInt(row.training_ms),
    usedMs: BigInt(row.used_ms),
    newMs: BigInt(row.new_ms),
    includedMs: BigInt(row.included_ms),
    overageMs: BigInt(row.overage_ms),
    amountCents: BigInt(row.amount_cents),
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
  };
}

/** Values in the order of the columns. */
export function toRowCharge(charge: Charge): unknown[] {
  return [
    charge.runId,
    charge.organizationId,
    charge.modelId,
    charge.priceBook,
    charge.currency,
    String(charge.trainingMs),
    String(charge.usedMs),
    String(charge.newMs),
    String(charge.includedMs),
    String(charge.overageMs),
    String(charge.amountCents),
    charge.occurredAt,
    charge.recordedAt,
  ];
}
