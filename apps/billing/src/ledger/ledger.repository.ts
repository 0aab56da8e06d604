import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import type { LedgerTransaction } from './ledger';
import { fromRowsLedger, type LedgerRow } from './ledger.mapping';

@Injectable()
export class LedgerRepository {
  /** Whoever books for the organization waits here for whoever else does, until the other's transaction ends. */
  async lock(tx: Tx, organizationId: OrganizationId): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('attune.billing.ledger.' || $1, 0))`, [
      organizationId,
    ]);
  }

  /** Its last transaction, null while it has none, and the time now to the millisecond. */
  async head(
    tx: Tx,
    organizationId: OrganizationId,
  ): Promise<{ now: Date; last: { sequence: number; hash: string } | null }> {
    const [row] = await tx.query<{ now: Date; sequence: number | null; hash: string | null }>(
      `SELECT date_trunc('milliseconds', clock_timestamp()) AS now, last.sequence, last.hash
         FROM (SELECT 1) AS one LEFT JOIN LATERAL (
           SELECT sequence, hash FROM ledger_transaction WHERE organization_id = $1 ORDER BY sequence DESC LIMIT 1
         ) AS last ON true`,
      [organizationId],
    );
    if (!row) throw new Error('PostgreSQL answered nothing');
    return {
      now: row.now,
      last: row.sequence === null || row.hash === null ? null : { sequence: row.sequence, hash: row.hash },
    };
  }

  async insert(tx: Tx, transaction: LedgerTransaction): Promise<void> {
    const { organizationId, sequence, entries } = transaction;
    await tx.execute(
      `WITH booked AS (
         INSERT INTO ledger_transaction (organization_id, sequence, kind, subject_id, subject_sha256, recorded_at, previous_hash, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING organization_id, sequence)
       INSERT INTO ledger_entry (organization_id, sequence, line, account, unit, amount)
       SELECT booked.organization_id, booked.sequence, entry.ordinality, entry.account, entry.unit, entry.amount
         FROM booked, unnest($9::text[], $10::text[], $11::bigint[]) WITH ORDINALITY AS entry (account, unit, amount)`,
      [
        organizationId,
        sequence,
        transaction.kind,
        transaction.subjectId,
        transaction.subjectSha256,
        transaction.recordedAt,
        transaction.previousHash,
        transaction.hash,
        entries.map(({ account }) => account),
        entries.map(({ unit }) => unit),
        entries.map(({ amount }) => String(amount)),
      ],
    );
  }

  /** The next transactions after `sequence`, with their entries. */
  async page(tx: Tx, organizationId: OrganizationId, after: number, limit: number): Promise<LedgerTransaction[]> {
    const rows = await tx.query<LedgerRow>(
      `SELECT t.*, coalesce(
                (SELECT json_agg(json_build_object('account', account, 'unit', unit, 'amount', amount::text) ORDER BY line)
                   FROM ledger_entry e WHERE e.organization_id = t.organization_id AND e.sequence = t.sequence), '[]') AS entries
         FROM ledger_transaction t WHERE organization_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`,
      [organizationId, after, limit],
    );
    return fromRowsLedger(rows);
  }

  /** Everybody who has a ledger, or anything that should be in one: whoever deletes a ledger does not delete its audit. */
  async organizations(tx: Tx): Promise<OrganizationId[]> {
    const rows = await tx.query<{ organization_id: string }>(
      `SELECT organization_id FROM ledger_transaction
       UNION SELECT organization_id FROM charge
       UNION SELECT organization_id FROM statement
       UNION SELECT organization_id FROM usage
       UNION SELECT organization_id FROM billed_audio
       ORDER BY 1`,
    );
    return rows.map(({ organization_id }) => organization_id as OrganizationId);
  }
}
