import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import { digestOf } from '../ledger/digest';
import { transfer, type LedgerEntry } from '../ledger/ledger';

/** What one succeeded run cost: made once, in the transaction that recorded what it used, and never changed. */
export interface Charge {
  runId: RunId;
  organizationId: OrganizationId;
  modelId: ModelId;
  /** Version of the price book, in force when the run was asked for. */
  priceBook: string;
  currency: string;
  /** All training audio of the run, each item counted. */
  trainingMs: bigint;
  /** Distinct audio that earlier runs of the model had used. */
  usedMs: bigint;
  /** Distinct audio that this run was the first to use; of it, what was included and what went beyond. */
  newMs: bigint;
  includedMs: bigint;
  overageMs: bigint;
  amountCents: bigint;
  occurredAt: Date;
  recordedAt: Date;
}

/** Every figure of the charge, and the usage that it was computed from. */
export function chargeDigestOf(charge: Charge, usageSha256: string): string {
  const { runId, organizationId, modelId, priceBook, currency, occurredAt, recordedAt } = charge;
  const figures = [
    charge.trainingMs,
    charge.usedMs,
    charge.newMs,
    charge.includedMs,
    charge.overageMs,
    charge.amountCents,
  ];
  return digestOf([
    ...[runId, organizationId, modelId, priceBook, currency],
    ...figures.map(String),
    ...[occurredAt.toISOString(), recordedAt.toISOString(), usageSha256],
  ]);
}

/** A charge of nothing is booked too: every run has its transaction. */
export function entriesOfCharge(charge: Charge): LedgerEntry[] {
  return [
    ...transfer(charge.currency, charge.amountCents, { to: 'unbilled_receivable', from: 'revenue' }),
    ...transfer('ms', charge.includedMs, { to: 'included_usage', from: 'allowance' }),
  ];
}

/** `2026-01`, in UTC: the month whose usage it is. */
export function monthOf(at: Date): string {
  return at.toISOString().slice(0, 7);
}

/** The first moment of the month, and the first after it. */
export function boundsOf(month: string): { from: Date; until: Date } {
  const from = new Date(`${month}-01T00:00:00Z`);
  const until = new Date(from);
  until.setUTCMonth(from.getUTCMonth() + 1);
  return { from, until };
}
