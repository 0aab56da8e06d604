import { createHash } from 'node:crypto';
import { newId, type OrganizationId } from '@attune/kernel';
import { connectNats, eventSubject } from '@attune/messaging';
import { createLogger } from '@attune/observability';
import { anEvent, eventually } from '@attune/testing';
import { price, standardBook } from '@attune/pricing';
import { LedgerAuditRepository } from '../ledger/ledger-audit.repository';
import { LedgerAuditService } from '../ledger/ledger-audit.service';
import { HOUR_MS, TestBilling, type Succeeded } from '../test-support/test-billing';
import { UsageService } from '../usage/usage.service';
import { fromToldRun } from '../usage/usage.convert';
import { StatementsService } from './statements.service';

let billing: TestBilling;
beforeAll(async () => {
  billing = await TestBilling.start({ settings: { maxChargesPerDay: 20 } });
});
afterAll(() => billing.stop());

interface StoredStatement {
  id: string;
  month: string;
  total_cents: number;
  document: Buffer;
  sha256: string;
}
interface Document {
  total_cents: number;
  lines: { run_id: string; month: string; amount_cents: number }[];
}

const statementsOf = (organization: string) =>
  billing.rows<StoredStatement>(
    'SELECT id, month, total_cents, document, sha256 FROM statement WHERE organization_id = $1 ORDER BY month',
    [organization],
  );
const documentOf = (statement: StoredStatement | undefined) =>
  JSON.parse(statement?.document.toString('utf8') ?? '{}') as Document;
const finalizeAt = (at: string) =>
  billing.app.get(StatementsService).finalizeDue(new AbortController().signal, new Date(at));
const alertsOf = (organization: string) =>
  billing.rows<{ kind: string; details: { reason: string } }>(
    'SELECT kind, details FROM alert WHERE organization_id = $1',
    [organization],
  );

/** Charged as of a run that succeeded then, whenever that is heard of. */
async function charge(run: Succeeded, at: string): Promise<void> {
  await billing.app.get(UsageService).ensureRecorded(fromToldRun({ ...run, succeeded_at: at }));
}

/** A run of `hours` of audio that no other run has used. */
const freshRun = (organizationId: string, hours: number) =>
  billing.aRun([{ name: newId(), ms: hours * HOUR_MS }], { organizationId });

describe('a statement', () => {
  it('of a month is made once it has ended and the time for what is late is over, and never changes', async () => {
    const organization = newId<OrganizationId>();
    await charge(await freshRun(organization, 11), '2026-03-31T23:59:59.999Z');
    await charge(await freshRun(organization, 1), '2026-04-01T00:00:00Z');
    await finalizeAt('2026-04-01T23:59:00Z');
    expect(await statementsOf(organization)).toEqual([]);
    await finalizeAt('2026-04-02T00:00:01Z');
    const [march] = await statementsOf(organization);
    expect([march?.month, march?.total_cents]).toEqual(['2026-03', 5_000]);
    expect(
      `sha256:${createHash('sha256')
        .update(march?.document ?? '')
        .digest('hex')}`,
    ).toBe(march?.sha256);

    // Late by a second and by half a day: on the next statement, under their own month. By forty days: on the one after that.
    const late = async (hours: number) => charge(await freshRun(organization, hours), '2026-03-31T22:00:00Z');
    await late(2);
    await finalizeAt('2026-04-02T00:00:02Z');
    await late(3);
    await billing.asOwner(
      `INSERT INTO price_book (version, effective_from, currency, included_ms, unit_ms, unit_cents, rounding)
       VALUES ('retro', '2026-02-01', 'USD', 0, 3600000, 99999, 'half_up')`,
    );
    try {
      for (const at of ['2026-04-02T12:00:01Z', '2026-05-01T23:59:00Z']) await finalizeAt(at);
      expect(await statementsOf(organization)).toEqual([march]);
      await finalizeAt('2026-05-02T00:00:01Z');
    } finally {
      // Tests that follow are charged by the standard book.
      await billing.asOwner(
        `SET LOCAL session_replication_role = replica; DELETE FROM price_book WHERE version = 'retro'`,
      );
    }
    await late(4);
    for (const at of ['2026-05-12T00:00:01Z', '2026-06-02T00:00:01Z']) await finalizeAt(at);
    const [still, april, may] = await statementsOf(organization);
    expect(still).toEqual(march);
    expect(april?.month).toBe('2026-04');
    expect(documentOf(april).lines.map(({ month, amount_cents }) => [month, amount_cents])).toEqual([
      ['2026-03', 10_000],
      ['2026-03', 15_000],
      ['2026-04', 5_000],
    ]);
    expect(may?.month).toBe('2026-05');
    expect(documentOf(may).lines.map(({ month, amount_cents }) => [month, amount_cents])).toEqual([
      ['2026-03', 20_000],
    ]);
    const total = [still, april, may].reduce((sum, one) => sum + documentOf(one).total_cents, 0);
    expect(BigInt(total)).toBe(price(standardBook, BigInt(21 * HOUR_MS)));
    const audit = billing.app.get(LedgerAuditService);
    expect(
      await billing.database.read({ organizationId: organization }, (tx) => audit.verify(tx, organization)),
    ).toBeNull();
  });

  it('is made once by many that make it at the same time', async () => {
    const organization = newId();
    await charge(await freshRun(organization, 12), '2026-03-10T00:00:00Z');
    await Promise.all(Array.from({ length: 8 }, () => finalizeAt('2026-04-10T00:00:00Z')));
    expect(await statementsOf(organization)).toHaveLength(1);
  });

  it('charges a run by the price book that was in force when it was asked for', async () => {
    const organization = newId();
    const run = await freshRun(organization, 11);
    await billing.startRun(run);
    await billing.asOwner(
      `INSERT INTO price_book (version, effective_from, currency, included_ms, unit_ms, unit_cents, rounding)
       VALUES ('dearer', '2026-02-01', 'USD', 0, 3600000, 10000, 'half_up')`,
    );
    try {
      const later = await billing.aRun([{ name: newId(), ms: HOUR_MS }], { organizationId: organization, modelId: 8 });
      await billing.startRun(later);
      for (const one of [run, later]) await charge(one, '2026-03-10T00:00:00Z');
      expect(
        await billing.rows('SELECT price_book, amount_cents FROM charge WHERE organization_id = $1 ORDER BY model_id', [
          organization,
        ]),
      ).toEqual([
        { price_book: '2026-01', amount_cents: 5_000 },
        { price_book: 'dearer', amount_cents: 10_000 },
      ]);
    } finally {
      await billing.asOwner(
        `SET LOCAL session_replication_role = replica; DELETE FROM hold WHERE price_book = 'dearer' AND state <> 'posted';
         UPDATE price_book SET effective_from = '2999-01-01' WHERE version = 'dearer'`,
      );
    }
  });
});

describe('an impossible bill', () => {
  const planted = (organization: string, values: string) =>
    billing.asOwner(
      `SET LOCAL session_replication_role = replica;
       INSERT INTO charge (run_id, organization_id, model_id, price_book, currency, training_ms, used_ms, new_ms, included_ms, overage_ms,
                           amount_cents, occurred_at, recorded_at)
       SELECT ${values} FROM charge WHERE organization_id = '${organization}' LIMIT 1`,
    );
  const same =
    'organization_id, model_id, price_book, currency, training_ms, used_ms, new_ms, included_ms, overage_ms, amount_cents, occurred_at, recorded_at';
  beforeAll(() =>
    billing.asOwner(
      `ALTER TABLE charge DROP CONSTRAINT charge_pkey CASCADE, DROP CONSTRAINT charge_check, DROP CONSTRAINT charge_training_ms_check,
             DROP CONSTRAINT charge_included_ms_check, DROP CONSTRAINT charge_new_ms_check`,
    ),
  );

  it.each([
    ['the same run twice', 'twice', (org: string) => planted(org, `run_id, ${same}`)],
    [
      'a negative duration',
      'negative duration',
      (org: string) => planted(org, `gen_random_uuid(), ${same.replace('new_ms, included_ms', '-1, -1')}`),
    ],
    [
      'more than 10,000 hours',
      'more than 10000',
      (org: string) =>
        planted(org, `gen_random_uuid(), ${same.replace('new_ms, included_ms', '36000000001, 36000000001')}`),
    ],
    [
      'more charges in a day than anybody makes',
      'more than 20',
      async (org: string) => {
        for (let n = 0; n < 20; n++) await charge(await freshRun(org, 0.01), '2026-03-10T12:00:00Z');
      },
    ],
    [
      'books that were changed',
      'amount_cents',
      (org: string) =>
        billing.asOwner(
          `SET LOCAL session_replication_role = replica; UPDATE charge SET amount_cents = 4999 WHERE organization_id = '${org}'`,
        ),
    ],
  ] as const)('of %s is not made: one alert, and everybody else is billed', async (_, reason, plant) => {
    const [bad, good] = [newId(), newId()];
    for (const organization of [bad, good]) await charge(await freshRun(organization, 11), '2026-03-10T00:00:00Z');
    await plant(bad);
    for (let n = 0; n < 3; n++) await finalizeAt('2026-04-10T00:00:00Z');
    expect(await statementsOf(bad)).toEqual([]);
    const alerts = await alertsOf(bad);
    expect(alerts).toMatchObject([{ kind: 'impossible_bill' }]);
    if (reason !== 'amount_cents') expect(alerts[0]?.details.reason).toContain(reason);
    expect(await statementsOf(good)).toMatchObject([{ total_cents: 5_000 }]);
    expect(await alertsOf(good)).toEqual([]);
  });
});

describe('while the books of an organization are audited', () => {
  /** The first audit of this organization holds when it has seen everything, and `work` is done meanwhile. */
  const meanwhile = (organization: string, work: () => Promise<void>) => {
    const audit = billing.app.get(LedgerAuditRepository);
    const findStray = audit.findStray.bind(audit);
    let isDone = false;
    return jest.spyOn(audit, 'findStray').mockImplementation(async (tx, audited) => {
      const found = await findStray(tx, audited);
      if (audited === organization && !isDone) {
        isDone = true;
        await work();
      }
      return found;
    });
  };

  it('its runs are charged without waiting for that, and stand on the statement', async () => {
    const organization = newId();
    for (const hours of [11, 1]) await charge(await freshRun(organization, hours), '2026-03-10T00:00:00Z');
    const held = meanwhile(organization, async () => charge(await freshRun(organization, 2), '2026-03-11T00:00:00Z'));
    await finalizeAt('2026-04-10T00:00:00Z');
    expect(held).toHaveBeenCalled();
    held.mockRestore();
    expect(await statementsOf(organization)).toMatchObject([{ total_cents: 20_000 }]);
    expect(await alertsOf(organization)).toEqual([]);
  });

  it('what is charged then is audited too, before it is billed', async () => {
    const organization = newId();
    await charge(await freshRun(organization, 11), '2026-03-10T00:00:00Z');
    const held = meanwhile(organization, async () => {
      const run = await freshRun(organization, 2);
      await charge(run, '2026-03-11T00:00:00Z');
      await billing.asOwner(
        `SET LOCAL session_replication_role = replica; UPDATE charge SET amount_cents = 1 WHERE run_id = '${run.run_id}'`,
      );
    });
    await finalizeAt('2026-04-10T00:00:00Z');
    held.mockRestore();
    expect(await statementsOf(organization)).toEqual([]);
    expect(await alertsOf(organization)).toMatchObject([{ kind: 'impossible_bill' }]);
  });
});

describe('what is late', () => {
  it('stands on the next statement under the month of its event, whenever the broker brings it', async () => {
    const organization = newId<OrganizationId>();
    await charge(await freshRun(organization, 11), '2026-02-10T00:00:00Z');
    await finalizeAt('2026-03-10T00:00:00Z');
    const run = await freshRun(organization, 12);
    const event = anEvent('training.run-succeeded.v1', run, {
      organization_id: organization,
      time: '2026-02-20T12:00:00.000Z',
    });
    const connection = await connectNats({
      url: billing.nats.url,
      name: 'test',
      logger: createLogger('test', 'silent'),
    });
    await connection.request(eventSubject('training.run-succeeded.v1'), JSON.stringify(event), { timeout: 5_000 });
    await connection.close();
    await eventually(async () =>
      expect(await billing.rows('SELECT 1 FROM charge WHERE organization_id = $1', [organization])).toHaveLength(2),
    );
    await finalizeAt('2026-03-20T00:00:00Z');
    await finalizeAt('2026-04-10T00:00:00Z');
    const [february, march] = await statementsOf(organization);
    expect(documentOf(february)).toMatchObject({ total_cents: 5_000, lines: [{ month: '2026-02' }] });
    expect(march?.month).toBe('2026-03');
    expect(documentOf(march)).toMatchObject({
      total_cents: 60_000,
      lines: [{ run_id: run.run_id, month: '2026-02', amount_cents: 60_000 }],
    });
  });
});
