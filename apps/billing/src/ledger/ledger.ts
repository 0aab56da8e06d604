import type { OrganizationId } from '@attune/kernel';
import { digestOf } from './digest';

/**
 * `unbilled_receivable`: charged, on no statement yet. `receivable`: on one. `revenue`: earned. In milliseconds: `allowance`, what
 * prices include, against `included_usage`, what was used of it.
 */
export type Account = 'unbilled_receivable' | 'receivable' | 'revenue' | 'allowance' | 'included_usage';

/** An amount is positive on the debit side. */
export interface LedgerEntry {
  account: Account;
  /** A currency, in its hundredths, or `ms`. */
  unit: string;
  amount: bigint;
}

/** What is going to be booked: a run's charge, or the statement that charges came on. */
export interface Booking {
  kind: 'charge' | 'statement';
  subjectId: string;
  /** Of the row or document that is booked. */
  subjectSha256: string;
  entries: readonly LedgerEntry[];
}

export interface LedgerTransaction extends Booking {
  organizationId: OrganizationId;
  /** 1 for the organization's first, without a gap. */
  sequence: number;
  /** To the millisecond. */
  recordedAt: Date;
  previousHash: string;
  hash: string;
}

/** What stands before an organization's first transaction. */
export const GENESIS = `sha256:${'0'.repeat(64)}`;

/** Chains a transaction to the one before: no part of either can change without this changing. */
export function hashOf(transaction: Omit<LedgerTransaction, 'hash'>): string {
  return digestOf([
    transaction.previousHash,
    transaction.organizationId,
    transaction.sequence,
    transaction.kind,
    transaction.subjectId,
    transaction.subjectSha256,
    transaction.recordedAt.toISOString(),
    transaction.entries.map(({ account, unit, amount }) => [account, unit, String(amount)]),
  ]);
}

/** Moves an amount from one account to the other, so that it always sums to zero. */
export function transfer(unit: string, amount: bigint, { to, from }: { to: Account; from: Account }): LedgerEntry[] {
  return [
    { account: to, unit, amount },
    { account: from, unit, amount: -amount },
  ];
}
