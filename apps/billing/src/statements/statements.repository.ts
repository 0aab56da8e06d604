import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import type { Charge } from '../charges/charge';
import { fromRowCharge, type ChargeRow } from '../charges/charge.mapping';
import type { ClosedMonth, Statement } from './statement';

export interface Bill {
  organizationId: OrganizationId;
  currency: string;
}

export interface StoredStatement {
  document: Buffer;
  sha256: string;
  totalCents: bigint;
  /** Of its lines, by run id. */
  runIds: string[];
}

const UNBILLED = 'NOT EXISTS (SELECT FROM statement_line l WHERE l.run_id = c.run_id)';

@Injectable()
export class StatementsRepository {
  /** Whoever has charges of that month or before on no statement, and no statement of that month yet. */
  async listDue(tx: Tx, { month, end }: ClosedMonth): Promise<Bill[]> {
    const rows = await tx.query<{ organization_id: string; currency: string }>(
      `SELECT DISTINCT c.organization_id, c.currency FROM charge c
        WHERE c.occurred_at < $1 AND ${UNBILLED}
          AND NOT EXISTS (SELECT FROM statement s
                           WHERE s.organization_id = c.organization_id AND s.month = $2 AND s.currency = c.currency)
        ORDER BY 1, 2`,
      [end, month],
    );
    return rows.map((row) => ({ organizationId: row.organization_id as OrganizationId, currency: row.currency }));
  }

  async exists(tx: Tx, bill: Bill, month: string): Promise<boolean> {
    const rows = await tx.query(`SELECT 1 FROM statement WHERE organization_id = $1 AND month = $2 AND currency = $3`, [
      bill.organizationId,
      month,
      bill.currency,
    ]);
    return rows.length > 0;
  }

  /** What the statement is made of, in the order in which it happened. */
  async listUnbilled(tx: Tx, bill: Bill, end: Date): Promise<Charge[]> {
    const rows = await tx.query<ChargeRow>(
      `SELECT c.* FROM charge c WHERE c.organization_id = $1 AND c.currency = $2 AND c.occurred_at < $3 AND ${UNBILLED}
        ORDER BY c.occurred_at, c.run_id`,
      [bill.organizationId, bill.currency, end],
    );
    return rows.map(fromRowCharge);
  }

  async insert(tx: Tx, statement: Statement, runIds: readonly string[]): Promise<void> {
    await tx.execute(
      `INSERT INTO statement (id, organization_id, month, currency, total_cents, document, sha256, finalized_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        statement.id,
        statement.organizationId,
        statement.month,
        statement.currency,
        String(statement.totalCents),
        statement.document,
        statement.sha256,
        statement.finalizedAt,
      ],
    );
    await tx.execute(
      `INSERT INTO statement_line (run_id, statement_id, organization_id) SELECT unnest($1::uuid[]), $2, $3`,
      [runIds, statement.id, statement.organizationId],
    );
  }

  async find(tx: Tx, organizationId: OrganizationId, id: string): Promise<StoredStatement | null> {
    const [row] = await tx.query<{ document: Buffer; sha256: string; total_cents: number; run_ids: string[] }>(
      `SELECT document, sha256, total_cents,
              ARRAY(SELECT run_id::text FROM statement_line l
                     WHERE l.organization_id = $2 AND l.statement_id = s.id ORDER BY run_id) AS run_ids
         FROM statement s WHERE id = $1 AND organization_id = $2`,
      [id, organizationId],
    );
    if (!row) return null;
    return {
      document: row.document,
      sha256: row.sha256,
      totalCents: BigInt(row.total_cents),
      runIds: row.run_ids,
    };
  }

  /** The database's time: no two hosts agree on when a month has ended. */
  async now(tx: Tx): Promise<Date> {
    const [row] = await tx.query<{ now: Date }>('SELECT now() AS now');
    if (!row) throw new Error('PostgreSQL answered nothing');
    return row.now;
  }
}
