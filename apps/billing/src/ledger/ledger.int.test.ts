import { newId, type OrganizationId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { StatementsService } from '../statements/statements.service';
import { HOUR_MS, sha256Of, TestBilling } from '../test-support/test-billing';
import { LedgerAuditService } from './ledger-audit.service';
import { LedgerRepository } from './ledger.repository';

let billing: TestBilling;
beforeAll(async () => {
  billing = await TestBilling.start();
});
afterAll(() => billing.stop());

const verify = (organizationId: OrganizationId) =>
  billing.database.read({ organizationId }, (tx) => billing.app.get(LedgerAuditService).verify(tx, organizationId));

const NEXT_YEAR = new Date(Date.UTC(new Date().getUTCFullYear() + 1, 1, 15));

/** Three charged runs of one model, the last above what is included, and their statement. */
async function someBooks(): Promise<{ organizationId: OrganizationId; runs: string[] }> {
  const organizationId = newId<OrganizationId>();
  const runs: string[] = [];
  for (const hours of [4, 5, 6]) {
    const run = await billing.aRun([{ name: `${organizationId} ${String(hours)}`, ms: hours * HOUR_MS }], {
      organizationId,
    });
    runs.push(run.run_id);
    await billing.succeed(run);
    await eventually(async () =>
      expect(await billing.rows('SELECT 1 FROM charge WHERE run_id = $1', [run.run_id])).toHaveLength(1),
    );
  }
  await billing.app.get(StatementsService).finalizeDue(new AbortController().signal, NEXT_YEAR);
  return { organizationId, runs };
}

/** Changes that no right and no trigger stops: a superuser's. */
const tamper = (sql: string) =>
  billing.asOwner(`SET LOCAL session_replication_role = replica; ${sql.replaceAll('\n', ' ')}`);

describe('the ledger', () => {
  it('balances: every transaction sums to zero in every unit, and balances are the fold of entries', async () => {
    const { organizationId } = await someBooks();
    const broken = await billing.rows(
      'SELECT 1 FROM ledger_entry GROUP BY organization_id, sequence, unit HAVING sum(amount) <> 0',
    );
    expect(broken).toEqual([]);
    const balances = await billing.rows(
      `SELECT account, unit, sum(amount)::bigint AS balance FROM ledger_entry WHERE organization_id = $1
        GROUP BY account, unit ORDER BY account`,
      [organizationId],
    );
    expect(balances).toEqual([
      { account: 'allowance', unit: 'ms', balance: -36_000_000 },
      { account: 'included_usage', unit: 'ms', balance: 36_000_000 },
      { account: 'receivable', unit: 'USD', balance: 25_000 },
      { account: 'revenue', unit: 'USD', balance: -25_000 },
      { account: 'unbilled_receivable', unit: 'USD', balance: 0 },
    ]);
    expect(await verify(organizationId)).toBeNull();
  });

  it('refuses a transaction that does not sum to zero when it is committed, also one without entries', async () => {
    const organizationId = newId();
    const insert = (amounts: number[]) =>
      billing.database.runInTransaction({ organizationId }, async (tx) => {
        await tx.execute(
          `INSERT INTO ledger_transaction (organization_id, sequence, kind, subject_id, subject_sha256, recorded_at, previous_hash, hash)
           VALUES ($1, 1, 'charge', $2, 's', now(), 'p', 'h')`,
          [organizationId, newId()],
        );
        for (const [line, amount] of amounts.entries()) {
          await tx.execute(
            `INSERT INTO ledger_entry (organization_id, sequence, line, account, unit, amount) VALUES ($1, 1, $2, 'revenue', 'USD', $3)`,
            [organizationId, line, amount],
          );
        }
      });
    await expect(insert([5, -4])).rejects.toThrow('does not sum to zero');
    await expect(insert([])).rejects.toThrow('does not sum to zero');
    expect(await billing.rows('SELECT 1 FROM ledger_transaction WHERE organization_id = $1', [organizationId])).toEqual(
      [],
    );
    await insert([5, -5]);
  });

  it.each([
    'price_book',
    'usage',
    'usage_item',
    'billed_audio',
    'charge',
    'ledger_transaction',
    'ledger_entry',
    'statement',
    'statement_line',
    'alert',
  ])('is append-only: nobody updates, deletes or truncates %s', async (table) => {
    const [column] = await billing.rows<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 1`,
      [table],
    );
    const name = column?.name ?? '';
    for (const sql of [`UPDATE ${table} SET ${name} = ${name}`, `DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`]) {
      await expect(billing.database.runInTransaction('system', (tx) => tx.execute(sql))).rejects.toThrow(
        'permission denied',
      );
      await expect(billing.asOwner(sql)).rejects.toThrow('append-only');
    }
  });

  it.each([
    ['a charge', 'charge', 1, (run: string) => `UPDATE charge SET amount_cents = 1 WHERE run_id = '${run}'`],
    [
      'a recording of a run',
      'usage_item',
      1,
      (run: string) => `UPDATE usage_item SET audio_ms = audio_ms - 1 WHERE run_id = '${run}'`,
    ],
    [
      'the digest of a usage',
      'charge',
      1,
      (run: string) => `UPDATE usage SET payload_sha256 = 'sha256:0' WHERE run_id = '${run}'`,
    ],
    [
      'an entry, on both sides',
      'ledger_transaction',
      2,
      (run: string) =>
        `UPDATE ledger_entry e SET amount = e.amount + sign(e.amount) FROM ledger_transaction t
          WHERE t.subject_id = '${run}' AND e.organization_id = t.organization_id AND e.sequence = t.sequence AND e.unit = 'USD'`,
    ],
    [
      'the time of a transaction',
      'ledger_transaction',
      0,
      (run: string) =>
        `UPDATE ledger_transaction SET recorded_at = recorded_at - interval '1 day' WHERE subject_id = '${run}'`,
    ],
    [
      'a whole run, with its charge and its transaction',
      'ledger_transaction',
      1,
      (run: string) =>
        `DELETE FROM ledger_entry e USING ledger_transaction t WHERE t.subject_id = '${run}' AND e.sequence = t.sequence
            AND e.organization_id = t.organization_id;
         DELETE FROM ledger_transaction WHERE subject_id = '${run}'; DELETE FROM charge WHERE run_id = '${run}'`,
    ],
    [
      'the document of a statement',
      'statement',
      null,
      (run: string) =>
        `UPDATE statement SET document = document || ' ', sha256 = 'sha256:' || encode(sha256(document || ' '), 'hex')
          WHERE id = (SELECT statement_id FROM statement_line WHERE run_id = '${run}')`,
    ],
    [
      'the lines of a statement',
      'statement_line',
      null,
      (run: string) => `DELETE FROM statement_line WHERE run_id = '${run}'`,
    ],
  ] as const)('names the first bad row after a superuser changed %s', async (_, table, index, sql) => {
    const { organizationId, runs } = await someBooks();
    expect(await verify(organizationId)).toBeNull();
    const run = runs[index ?? 1] ?? '';
    const [statement] = await billing.rows<{ id: string }>(
      'SELECT statement_id AS id FROM statement_line WHERE run_id = $1',
      [run],
    );
    await tamper(sql(run));
    const fault = await verify(organizationId);
    expect(fault?.table).toBe(table);
    const ids: Record<string, string> = {
      charge: run,
      usage_item: run,
      ledger_transaction: `${organizationId} ${String((index ?? 0) + 1)}`,
      statement: statement?.id ?? '',
      statement_line: statement?.id ?? '',
    };
    expect(fault?.id).toBe(ids[table]);
  });

  it('names a counted recording that somebody deleted, so that it would be charged again', async () => {
    const { organizationId, runs } = await someBooks();
    const sha256 = sha256Of(`${organizationId} 5`);
    await tamper(`DELETE FROM billed_audio WHERE run_id = '${runs[1] ?? ''}'`);
    expect(await verify(organizationId)).toEqual({
      table: 'billed_audio',
      id: `7 ${sha256}`,
      reason: 'it is missing, and a run of the model used it',
    });
  });

  it.each(['usage', 'billed_audio', 'statement'])(
    'is audited, and has a fault, also of an organization of which somebody left nothing but its %s',
    async (left) => {
      const { organizationId } = await someBooks();
      const tables = ['usage_item', 'statement_line', 'ledger_entry', 'ledger_transaction', 'charge'];
      const deleted = [...tables, ...['usage', 'billed_audio', 'statement'].filter((table) => table !== left)];
      await tamper(
        deleted.map((table) => `DELETE FROM ${table} WHERE organization_id = '${organizationId}';`).join(' '),
      );
      const audited = await billing.database.read('system', (tx) =>
        billing.app.get(LedgerRepository).organizations(tx),
      );
      expect(audited).toContain(organizationId);
      expect((await verify(organizationId))?.table).toBe(left);
    },
  );

  it('names a charge that somebody added beside the books', async () => {
    const { organizationId, runs } = await someBooks();
    const added = newId();
    await tamper(
      `INSERT INTO charge SELECT '${added}', organization_id, model_id, price_book, currency, training_ms, used_ms, new_ms,
              included_ms, overage_ms, amount_cents, occurred_at, recorded_at FROM charge WHERE run_id = '${runs[0] ?? ''}'`,
    );
    expect(await verify(organizationId)).toEqual({ table: 'charge', id: added, reason: 'it is not booked' });
  });
});
