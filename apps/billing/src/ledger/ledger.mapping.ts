import type { OrganizationId } from '@attune/kernel';
import type { Account, LedgerTransaction } from './ledger';

export interface LedgerRow {
  organization_id: string;
  sequence: number;
  kind: 'charge' | 'statement';
  subject_id: string;
  subject_sha256: string;
  recorded_at: Date;
  previous_hash: string;
  hash: string;
  entries: { account: Account; unit: string; amount: string }[];
}

export function fromRowsLedger(rows: readonly LedgerRow[]): LedgerTransaction[] {
  return rows.map((row) => ({
    organizationId: row.organization_id as OrganizationId,
    sequence: row.sequence,
    kind: row.kind,
    subjectId: row.subject_id,
    subjectSha256: row.subject_sha256,
    recordedAt: row.recorded_at,
    previousHash: row.previous_hash,
    hash: row.hash,
    entries: row.entries.map(({ account, unit, amount }) => ({ account, unit, amount: BigInt(amount) })),
  }));
}
