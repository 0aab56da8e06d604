import type { CloudEventData, UsageLine } from '@attune/events';
import { monthOf, type Charge } from './charge';

export function toCloudEventOverage(charge: Charge): CloudEventData<'billing.overage-recorded.v1'> {
  return {
    organization_id: charge.organizationId,
    model_id: charge.modelId,
    run_id: charge.runId,
    price_book: charge.priceBook,
    currency: charge.currency,
    amount_cents: Number(charge.amountCents),
    overage_ms: Number(charge.overageMs),
    distinct_ms_before: Number(charge.usedMs),
    distinct_ms_after: Number(charge.usedMs + charge.newMs),
  };
}

export function toWireUsageLine(charge: Charge): UsageLine {
  return {
    run_id: charge.runId,
    model_id: charge.modelId,
    recorded_at: charge.recordedAt.toISOString(),
    month: monthOf(charge.occurredAt),
    training_ms: Number(charge.trainingMs),
    new_ms: Number(charge.newMs),
    included_ms: Number(charge.includedMs),
    overage_ms: Number(charge.overageMs),
    amount_cents: Number(charge.amountCents),
    currency: charge.currency,
    price_book: charge.priceBook,
  };
}
