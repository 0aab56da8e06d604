import { newId, type OrganizationId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { createLedgerAudit } from './ledger/create-ledger-audit';
import { BillingProcess, type CrashPoint } from './test-support/billing-process';
import { HOUR_MS, TestBilling, type Succeeded } from './test-support/test-billing';

/** bench/invariants asks for twenty. */
const ROUNDS = Number(process.env['ATTUNE_TEST_DEATHS'] ?? 1);
jest.setTimeout(240_000);

const inserts = (...tables: string[]): CrashPoint[] =>
  tables.map((table) => ({ table, on: 'INSERT', at: 'statement' }) as const);
const update: CrashPoint = { table: 'hold', on: 'UPDATE', at: 'statement' };
const commitOf = (table: string, on: 'INSERT' | 'UPDATE' = 'INSERT'): CrashPoint => ({ table, on, at: 'commit' });

/** Between every two side effects of each of the transactions that a run's money goes through. */
const points = {
  place: [...inserts('hold'), commitOf('hold')],
  confirm: [...inserts('inbox'), update, commitOf('hold', 'UPDATE')],
  complete: [
    ...inserts('inbox', 'usage', 'usage_item'),
    update,
    ...inserts('billed_audio', 'charge', 'ledger_transaction', 'ledger_entry', 'outbox'),
    commitOf('charge'),
    // The event for finance has left and is not yet marked as sent.
    { table: 'outbox', on: 'UPDATE', at: 'statement' } as const,
  ],
  // The same code as a cancellation's.
  fail: [commitOf('hold', 'UPDATE')],
  cancel: [...inserts('inbox'), update, commitOf('hold', 'UPDATE')],
};
const stages = Object.keys(points) as (keyof typeof points)[];
const cases = stages.flatMap((stage) =>
  points[stage].flatMap((point) =>
    Array.from(
      { length: ROUNDS },
      (_, round) => [stage, `${point.table} ${point.on} ${point.at}`, round, point] as const,
    ),
  ),
);

describe('billing killed at every point of a run', () => {
  let billing: TestBilling;
  let program: BillingProcess;
  beforeAll(async () => {
    billing = await TestBilling.start({ instances: 0 });
    program = new BillingProcess(billing);
  });
  afterAll(async () => {
    await program.kill();
    await billing.stop();
  });
  beforeEach(() => program.start());

  const holdOf = async (run: Succeeded) =>
    (await billing.rows<{ state: string }>('SELECT state FROM hold WHERE run_id = $1', [run.run_id]))[0]?.state ?? null;
  /** As models-api does: it asks, and without an answer no run is started. */
  const patiently = (work: () => Promise<void>) => eventually(work, { timeoutMs: 60_000, everyMs: 250 });
  const becomes = (run: Succeeded, state: string) =>
    eventually(async () => expect(await holdOf(run)).toBe(state), { timeoutMs: 60_000 });
  const fail = (run: Succeeded) =>
    billing.training.publish('training.run-failed.v1', {
      ...{ organization_id: run.organization_id, model_id: run.model_id, run_id: run.run_id },
      failure: { kind: 'engine', message: 'no' },
    });
  const cancel = ({ organization_id, model_id, run_id }: Succeeded) =>
    billing.training.publish('training.run-cancelled.v1', { organization_id, model_id, run_id });
  const audit = createLedgerAudit();

  it.each(cases)(
    'charges once what succeeds and nothing else, and leaves no hold open, though it dies while it is told to %s, at %s (%i)',
    async (stage, _, __, point) => {
      const run = await billing.aRun([{ name: newId(), ms: 11 * HOUR_MS }]);
      const steps = {
        place: () => billing.placeHold(run),
        confirm: () => billing.announce(run),
        complete: () => billing.succeed(run),
        fail: () => fail(run),
        cancel: () => cancel(run),
      };
      if (stage !== 'place') await patiently(() => billing.placeHold(run));
      if (stage !== 'place' && stage !== 'confirm') {
        await billing.announce(run);
        await becomes(run, 'confirmed');
      }
      await program.killAt(point, () => patiently(steps[stage]));
      if (stage === 'place') await patiently(() => billing.startRun(run));
      if (stage === 'place' || stage === 'confirm') {
        await becomes(run, 'confirmed');
        await billing.succeed(run);
      }
      const succeeds = stage !== 'fail' && stage !== 'cancel';
      await becomes(run, succeeds ? 'posted' : 'released');

      const charges = await billing.rows('SELECT amount_cents FROM charge WHERE run_id = $1', [run.run_id]);
      expect(charges).toEqual(succeeds ? [{ amount_cents: 5_000 }] : []);
      const events = await billing.rows(`SELECT id FROM outbox WHERE aggregate_id = $1`, [run.run_id]);
      expect(events).toHaveLength(succeeds ? 1 : 0);
      const open = await billing.rows(`SELECT run_id FROM hold WHERE state IN ('placed', 'confirmed')`);
      expect(open).toEqual([]);
      const organizationId = run.organization_id as OrganizationId;
      expect(await billing.database.read({ organizationId }, (tx) => audit.verify(tx, organizationId))).toBeNull();
    },
  );
});
