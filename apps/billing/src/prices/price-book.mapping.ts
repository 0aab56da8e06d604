import type { PriceBook } from '@attune/pricing';

export interface PriceBookRow {
  version: string;
  currency: string;
  included_ms: number;
  unit_ms: number;
  unit_cents: number;
  rounding: 'half_up';
}

export function fromRowPriceBook(row: PriceBookRow): PriceBook {
  return {
    version: row.version,
    currency: row.currency,
    includedMs: BigInt(row.included_ms),
    unitMs: BigInt(row.unit_ms),
    unitCents: BigInt(row.unit_cents),
    rounding: row.rounding,
  };
}
