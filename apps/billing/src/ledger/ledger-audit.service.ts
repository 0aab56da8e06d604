import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import { rate } from '@attune/pricing';
import { chargeDigestOf, entriesOfCharge } from '../charges/charge';
import { ChargesRepository } from '../charges/charges.repository';
import { PriceBooksRepository } from '../prices/price-books.repository';
import { StatementsRepository } from '../statements/statements.repository';
import { payloadDigestOf } from '../usage/usage';
import { UsageRepository } from '../usage/usage.repository';
import { digestOfBytes } from './digest';
import { GENESIS, hashOf, transfer, type LedgerEntry, type LedgerTransaction } from './ledger';
import { LedgerAuditRepository } from './ledger-audit.repository';
import { LedgerRepository } from './ledger.repository';

/** The first thing in an organization's books that is not as it was booked. */
export interface Fault {
  table: string;
  id: string;
  reason: string;
}

/** The audio that each model has used so far, as the auditor counts it again from the recordings. */
type Recount = Map<number, { seen: Set<string>; ms: bigint }>;

/** How far books are proven: their last transaction that is, and what models had used by then. */
export interface ProvenBooks {
  last: { sequence: number; hash: string };
  recount: Recount;
}

const PAGE = 500;

/**
 * Proves an organization's books from their first row on: the chain is whole, each transaction sums to zero, each charge follows from the
 * recordings that its run used and from its price book, each statement is byte for byte what was booked, and nothing stands beside them.
 */
@Injectable()
export class LedgerAuditService {
  constructor(
    private readonly ledger: LedgerRepository,
    private readonly audit: LedgerAuditRepository,
    private readonly usage: UsageRepository,
    private readonly charges: ChargesRepository,
    private readonly books: PriceBooksRepository,
    private readonly statements: StatementsRepository,
  ) {}

  /** The first fault in the order of booking; null when there is none. */
  async verify(tx: Tx, organizationId: OrganizationId): Promise<Fault | null> {
    return (await this.prove(tx, organizationId)).fault;
  }

  /** The same, and how far it came: what is booked later need not be proven from the first row on. */
  async prove(tx: Tx, organizationId: OrganizationId): Promise<{ fault: Fault | null; proven: ProvenBooks }> {
    const proven: ProvenBooks = { last: { sequence: 0, hash: GENESIS }, recount: new Map() };
    for (const { modelId, ...item } of await this.audit.listUsedBeforePrices(tx, organizationId))
      countAgain(proven.recount, modelId, [item]);
    const fault =
      (await this.verifyNext(tx, organizationId, proven)) ?? (await this.audit.findStray(tx, organizationId));
    return { fault, proven };
  }

  /** Goes on with what was booked since; `proven` moves along, and stays true when this throws. Rows beside the books are not looked for. */
  async verifyNext(tx: Tx, organizationId: OrganizationId, proven: ProvenBooks): Promise<Fault | null> {
    for (;;) {
      const page = await this.ledger.page(tx, organizationId, proven.last.sequence, PAGE);
      for (const transaction of page) {
        const fault =
          findBroken(transaction, proven.last) ?? (await this.verifySubject(tx, transaction, proven.recount));
        if (fault) return fault;
        proven.last = { sequence: transaction.sequence, hash: transaction.hash };
      }
      if (page.length < PAGE) return null;
    }
  }

  private verifySubject(tx: Tx, transaction: LedgerTransaction, recount: Recount): Promise<Fault | null> {
    return transaction.kind === 'charge'
      ? this.verifyCharge(tx, transaction, recount)
      : this.verifyStatement(tx, transaction);
  }

  private async verifyCharge(tx: Tx, transaction: LedgerTransaction, recount: Recount): Promise<Fault | null> {
    const { organizationId, subjectId: runId } = transaction;
    const usage = await this.audit.findUsage(tx, organizationId, runId);
    if (!usage) return { table: 'usage', id: runId, reason: 'it is missing' };
    const items = await this.usage.itemsOf(tx, organizationId, runId);
    const modelId = usage.modelId as ModelId;
    const payload = payloadDigestOf({ organizationId, modelId, runId: runId as RunId, items });
    const [charge, second] = await this.charges.listOfRun(tx, organizationId, runId);
    if (!charge) return { table: 'charge', id: runId, reason: 'it is missing' };
    if (second) return { table: 'charge', id: runId, reason: 'there are two of it' };
    if (chargeDigestOf(charge, usage.payloadSha256) !== transaction.subjectSha256)
      return { table: 'charge', id: runId, reason: 'it, or the digest of its usage, is not as it was booked' };
    if (payload !== usage.payloadSha256)
      return { table: 'usage_item', id: runId, reason: 'the recordings of the run are not as they were recorded' };
    const trainingMs = items.reduce((sum, { audioMs }) => sum + BigInt(audioMs), 0n);
    if (trainingMs !== BigInt(usage.trainingMs))
      return { table: 'usage', id: runId, reason: 'its total is not that of its recordings' };
    const book = await this.books.get(tx, charge.priceBook);
    // Nothing that can throw follows: a run is counted if and only if its transaction is proven.
    const counted = countAgain(recount, modelId, items);
    const { amountCents } = rate(book, { beforeMs: counted.usedMs, addedMs: counted.newMs });
    if (amountCents !== charge.amountCents)
      return { table: 'charge', id: runId, reason: `by its price book it is ${String(amountCents)} cents` };
    return differ(transaction, entriesOfCharge(charge));
  }

  private async verifyStatement(tx: Tx, transaction: LedgerTransaction): Promise<Fault | null> {
    const { organizationId, subjectId: id } = transaction;
    const statement = await this.statements.find(tx, organizationId, id);
    if (!statement) return { table: 'statement', id, reason: 'it is missing' };
    if (statement.sha256 !== transaction.subjectSha256 || digestOfBytes(statement.document) !== statement.sha256)
      return { table: 'statement', id, reason: 'its document is not the one that was made final' };
    const { lines, currency, total_cents } = JSON.parse(statement.document.toString('utf8')) as {
      lines: { run_id: string }[];
      currency: string;
      total_cents: number;
    };
    const named = lines.map(({ run_id }) => run_id).sort();
    if (JSON.stringify(named) !== JSON.stringify(statement.runIds))
      return { table: 'statement_line', id, reason: 'its lines are not those of its document' };
    if (BigInt(total_cents) !== statement.totalCents)
      return { table: 'statement', id, reason: 'its total is not that of its document' };
    return differ(
      transaction,
      transfer(currency, statement.totalCents, { to: 'receivable', from: 'unbilled_receivable' }),
    );
  }
}

function findBroken(transaction: LedgerTransaction, previous: { sequence: number; hash: string }): Fault | null {
  const at = (sequence: number, reason: string): Fault => ({
    table: 'ledger_transaction',
    id: `${transaction.organizationId} ${String(sequence)}`,
    reason,
  });
  const expected = previous.sequence + 1;
  if (transaction.sequence !== expected) return at(expected, 'it is missing');
  if (transaction.previousHash !== previous.hash) return at(expected, 'it is not chained to the one before');
  if (hashOf(transaction) !== transaction.hash) return at(expected, 'it, or one of its entries, was changed');
  return null;
}

function differ(transaction: LedgerTransaction, entries: readonly LedgerEntry[]): Fault | null {
  const textOf = (all: readonly LedgerEntry[]): string =>
    JSON.stringify(all.map(({ account, unit, amount }) => [account, unit, String(amount)]));
  if (textOf(transaction.entries) === textOf(entries)) return null;
  const id = `${transaction.organizationId} ${String(transaction.sequence)}`;
  return { table: 'ledger_entry', id, reason: `they are not those of its ${transaction.kind}` };
}

function countAgain(
  recount: Recount,
  modelId: number,
  items: readonly { audioSha256: string; audioMs: number }[],
): { usedMs: bigint; newMs: bigint } {
  const model = recount.get(modelId) ?? { seen: new Set<string>(), ms: 0n };
  recount.set(modelId, model);
  const usedMs = model.ms;
  for (const { audioSha256, audioMs } of items) {
    if (model.seen.has(audioSha256)) continue;
    model.seen.add(audioSha256);
    model.ms += BigInt(audioMs);
  }
  return { usedMs, newMs: model.ms - usedMs };
}
