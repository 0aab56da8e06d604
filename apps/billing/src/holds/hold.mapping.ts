import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { Hold, HoldState } from './hold';

export interface HoldRow {
  run_id: string;
  organization_id: string;
  model_id: number;
  price_book: string;
  new_ms: number;
  amount_cents: number;
  state: HoldState;
}

export function fromRowHold(row: HoldRow): Hold {
  return {
    runId: row.run_id as RunId,
    organizationId: row.organization_id as OrganizationId,
    modelId: row.model_id as ModelId,
    priceBook: row.price_book,
    newMs: row.new_ms,
    amountCents: row.amount_cents,
    state: row.state,
  };
}
