import type { OrganizationId } from '@attune/kernel';
import { monthOf, type Charge } from '../charges/charge';

/** A month that nothing is waited for any more. */
export interface ClosedMonth {
  /** `2026-01` */
  month: string;
  /** The first moment after it. */
  end: Date;
}

/** What is going to be final. */
export interface StatementDraft {
  id: string;
  organizationId: OrganizationId;
  month: string;
  currency: string;
  charges: readonly Charge[];
  finalizedAt: Date;
  /** The organization's last ledger transaction before this statement's own: whoever keeps the document can tell if the books were changed. */
  ledger: { sequence: number; hash: string } | null;
}

export interface Statement {
  id: string;
  organizationId: OrganizationId;
  month: string;
  currency: string;
  totalCents: bigint;
  document: Buffer;
  sha256: string;
  finalizedAt: Date;
}

/** The last month that ended at least `graceHours` before `at`, in UTC. */
export function closedMonth(at: Date, graceHours: number): ClosedMonth {
  const settled = new Date(at.getTime() - graceHours * 3_600_000);
  const end = new Date(Date.UTC(settled.getUTCFullYear(), settled.getUTCMonth(), 1));
  return { month: monthOf(new Date(end.getTime() - 1)), end };
}

export function totalCentsOf(charges: readonly Charge[]): bigint {
  return charges.reduce((sum, { amountCents }) => sum + amountCents, 0n);
}

/** The document's bytes: JSON with its fields in this order, amounts as whole numbers. Usage of an earlier month that came late says so by its `month`. */
export function renderStatement(draft: StatementDraft): Buffer {
  const lines = draft.charges.map((charge) => ({
    run_id: charge.runId,
    model_id: charge.modelId,
    month: monthOf(charge.occurredAt),
    occurred_at: charge.occurredAt.toISOString(),
    recorded_at: charge.recordedAt.toISOString(),
    price_book: charge.priceBook,
    used_ms: Number(charge.usedMs),
    new_ms: Number(charge.newMs),
    included_ms: Number(charge.includedMs),
    overage_ms: Number(charge.overageMs),
    amount_cents: Number(charge.amountCents),
  }));
  const document = {
    statement_id: draft.id,
    organization_id: draft.organizationId,
    month: draft.month,
    currency: draft.currency,
    finalized_at: draft.finalizedAt.toISOString(),
    lines,
    total_cents: Number(totalCentsOf(draft.charges)),
    ledger_sequence: draft.ledger?.sequence ?? 0,
    ledger_hash: draft.ledger?.hash ?? null,
  };
  return Buffer.from(`${JSON.stringify(document)}\n`);
}

/** No customer trains for a year in a month. */
const MAX_HOURS = 10_000n;
const MAX_MS = MAX_HOURS * 3_600_000n;

/** Why these charges cannot be a bill, in an operator's words; null when they can. */
export function findImpossible(charges: readonly Charge[], maxPerDay: number): string | null {
  const runs = new Set<string>();
  const perDay = new Map<string, number>();
  let totalMs = 0n;
  for (const charge of charges) {
    if (runs.has(charge.runId)) return `run ${charge.runId} is charged twice`;
    runs.add(charge.runId);
    if ([charge.trainingMs, charge.usedMs, charge.newMs, charge.includedMs, charge.overageMs].some((ms) => ms < 0n))
      return `run ${charge.runId} has a negative duration`;
    if (charge.amountCents < 0n) return `run ${charge.runId} has a negative amount`;
    totalMs += charge.newMs;
    const day = charge.occurredAt.toISOString().slice(0, 10);
    perDay.set(day, (perDay.get(day) ?? 0) + 1);
  }
  if (totalMs > MAX_MS) return `${String(totalMs / 3_600_000n)} hours of audio, more than ${String(MAX_HOURS)}`;
  for (const [day, count] of perDay)
    if (count > maxPerDay) return `${String(count)} charges on ${day}, more than ${String(maxPerDay)}`;
  return null;
}
