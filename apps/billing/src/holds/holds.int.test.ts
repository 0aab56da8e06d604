import type { ReplyOf } from '@attune/events';
import { newId } from '@attune/kernel';
import type { Rpc } from '@attune/messaging';
import { eventually } from '@attune/testing';
import { HOUR_MS, TestBilling, type Succeeded } from '../test-support/test-billing';
import { HoldChecksService } from './hold-checks.service';
import { HoldsRepository } from './holds.repository';

type Outcome = ReplyOf<'models.run-outcomes'>['runs'][number];

let billing: TestBilling;
/** What models-api says of runs, while it answers. */
let outcomes: Outcome[] = [];
let models: Rpc;
const answer = () =>
  billing.answer('models.run-outcomes', ({ run_ids }) => ({
    runs: outcomes.filter(({ run_id }) => run_ids.includes(run_id)),
  }));
beforeAll(async () => {
  // Checked by the tests alone.
  billing = await TestBilling.start({
    settings: { holdSeconds: 3_600, holdCheckSeconds: 3_600 },
    intervals: { holds: 3_600_000 },
  });
  models = answer();
});
afterAll(() => billing.stop());

const stateOf = async (run: Succeeded) =>
  (await billing.rows<{ state: string }>('SELECT state FROM hold WHERE run_id = $1', [run.run_id]))[0]?.state ?? null;
const becomes = (run: Succeeded, state: string) => eventually(async () => expect(await stateOf(run)).toBe(state));
const place = (run: Succeeded, newMs: number, max: number | null = null) =>
  billing.ask('billing.place-hold', {
    organization_id: run.organization_id,
    model_id: run.model_id,
    run_id: run.run_id,
    new_ms: newMs,
    max_amount_cents: max,
  });
const fail = (run: Succeeded) =>
  billing.training.publish('training.run-failed.v1', {
    organization_id: run.organization_id,
    model_id: run.model_id,
    run_id: run.run_id,
    failure: { kind: 'engine', message: 'no' },
  });
const cancel = ({ organization_id, model_id, run_id }: Succeeded) =>
  billing.training.publish('training.run-cancelled.v1', { organization_id, model_id, run_id });
/** Time passes for this hold, and the holds are looked at. */
async function checkLater(...runs: Succeeded[]): Promise<void> {
  await billing.asOwner(
    `UPDATE hold SET checked_at = checked_at - interval '2 hours' WHERE run_id IN (${runs.map((run) => `'${run.run_id}'`).join()})`,
  );
  await billing.app.get(HoldChecksService).checkUnheard(new AbortController().signal);
}
const succeededOutcome = (run: Succeeded): Outcome => {
  const { organization_id, model_id, run_id, snapshot_key, snapshot_sha256, training_ms } = run;
  const told = { organization_id, model_id, run_id, snapshot_key, snapshot_sha256, training_ms };
  return { ...told, state: 'succeeded', succeeded_at: '2026-03-10T00:00:00.000Z' };
};

/** A confirmed run, and another of its model that is to be priced after it. */
async function twoRuns(): Promise<{ first: Succeeded; second: Succeeded }> {
  const first = await aRun();
  await billing.startRun(first);
  await becomes(first, 'confirmed');
  const { organization_id: organizationId, model_id: modelId } = first;
  const second = await billing.aRun([{ name: newId(), ms: 5 * HOUR_MS }], { organizationId, modelId });
  return { first, second };
}

const aRun = (hours = 11) => billing.aRun([{ name: newId(), ms: hours * HOUR_MS }]);

describe('a hold', () => {
  it('is what the run costs by what its model has used, and is placed once however often it is asked for', async () => {
    const first = await aRun();
    await billing.startRun(first);
    await billing.succeed(first);
    await becomes(first, 'posted');
    const second = await billing.aRun([{ name: newId(), ms: HOUR_MS }], {
      organizationId: first.organization_id,
      modelId: first.model_id,
    });
    const quote = await place(second, HOUR_MS);
    expect(quote).toEqual({
      used_ms: 11 * HOUR_MS,
      new_ms: HOUR_MS,
      included_ms: 0,
      overage_ms: HOUR_MS,
      amount_cents: 5_000,
      currency: 'USD',
      price_book: '2026-01',
    });
    expect(await place(second, HOUR_MS)).toEqual(quote);
    expect(await billing.rows('SELECT amount_cents, state FROM hold WHERE run_id = $1', [second.run_id])).toEqual([
      { amount_cents: 5_000, state: 'placed' },
    ]);
  });

  it('is not placed when it is more than the caller allows', async () => {
    const run = await aRun();
    await expect(place(run, 11 * HOUR_MS, 4_999)).rejects.toMatchObject({
      code: 'COST_LIMIT_EXCEEDED',
      details: { max_cost: 4_999, estimated_cost: 5_000, currency: 'USD', unit: 'cents' },
    });
    expect(await stateOf(run)).toBeNull();
    await place(run, 11 * HOUR_MS, 5_000);
    expect(await stateOf(run)).toBe('placed');
  });

  it('is priced by what earlier runs of the model used, also while the word of their success is on its way', async () => {
    const { first, second } = await twoRuns();
    outcomes = [succeededOutcome(first)];
    await expect(place(second, 5 * HOUR_MS, 24_999)).rejects.toMatchObject({ code: 'COST_LIMIT_EXCEEDED' });
    expect(await place(second, 5 * HOUR_MS, 25_000)).toMatchObject({ used_ms: 11 * HOUR_MS, amount_cents: 25_000 });
    expect(await stateOf(first)).toBe('posted');
    outcomes = [];
    await billing.succeed(first);
    await billing.succeed(second);
    await becomes(second, 'posted');
    expect(
      await billing.rows('SELECT amount_cents FROM charge WHERE organization_id = $1 ORDER BY amount_cents', [
        first.organization_id,
      ]),
    ).toEqual([{ amount_cents: 5_000 }, { amount_cents: 25_000 }]);
  });

  it('is refused while models-api does not say what became of earlier runs, since the price depends on them', async () => {
    const { second } = await twoRuns();
    await models.drain();
    try {
      await expect(place(second, 5 * HOUR_MS)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
      expect(await stateOf(second)).toBeNull();
    } finally {
      models = answer();
    }
    // The broker has heard of the new responder when it has one.
    await eventually(() => place(second, 5 * HOUR_MS));
    expect(await stateOf(second)).toBe('placed');
  });

  it('is placed though an earlier run can never be recorded: that one waits for an operator, not the customer', async () => {
    const { first, second } = await twoRuns();
    outcomes = [{ ...succeededOutcome(first), training_ms: first.training_ms - 1 } as Outcome];
    expect(await place(second, 5 * HOUR_MS)).toMatchObject({ used_ms: 0, amount_cents: 0 });
    expect([await stateOf(first), await stateOf(second)]).toEqual(['confirmed', 'placed']);
    outcomes = [];
  });

  it('counts only recordings that no run of the model has used', async () => {
    const recordings = [
      { name: newId(), ms: 1_000 },
      { name: newId(), ms: 2_000 },
    ];
    const run = await billing.aRun(recordings);
    await billing.succeed(run);
    await eventually(async () =>
      expect(await billing.rows('SELECT 1 FROM charge WHERE run_id = $1', [run.run_id])).toHaveLength(1),
    );
    const audio = await billing.rows<{ sha: string; ms: number }>(
      'SELECT audio_sha256 AS sha, audio_ms AS ms FROM billed_audio WHERE run_id = $1',
      [run.run_id],
    );
    const asked = [...audio.map(({ sha, ms }): [string, number] => [sha, ms]), [`sha256:${'f'.repeat(64)}`, 5_000]];
    const measure = (organizationId: string, modelId: number) =>
      billing.ask('billing.measure-audio', {
        organization_id: organizationId,
        model_id: modelId,
        audio: asked as [string, number][],
      });
    expect(await measure(run.organization_id, run.model_id)).toEqual({ new_ms: 5_000 });
    expect(await measure(run.organization_id, run.model_id + 1)).toEqual({ new_ms: 8_000 });
    expect(await measure(newId(), run.model_id)).toEqual({ new_ms: 8_000 });
  });

  it('is posted by the success of its run, released by its failure or its cancellation, and stays so whatever is heard again', async () => {
    const [good, bad, cancelled] = [await aRun(), await aRun(), await aRun()];
    const all = [good, bad, cancelled];
    for (const run of all) await billing.startRun(run);
    for (const run of all) await becomes(run, 'confirmed');
    await Promise.all([billing.succeed(good), fail(bad), cancel(cancelled)]);
    await becomes(good, 'posted');
    await becomes(bad, 'released');
    await becomes(cancelled, 'released');
    await Promise.all(all.flatMap((run) => [billing.startRun(run), fail(run), cancel(run)]));
    await eventually(async () => {
      const rows = await billing.rows(
        `SELECT 1 FROM inbox WHERE consumer = 'billing-holds' AND organization_id = ANY($1::uuid[])`,
        [all.map((run) => run.organization_id)],
      );
      // The start of each, two of the ends, and then all three of each again.
      expect(rows).toHaveLength(14);
    });
    expect(await Promise.all(all.map(stateOf))).toEqual(['posted', 'released', 'released']);
    const charged = await billing.rows<{ run_id: string }>('SELECT run_id FROM charge WHERE run_id = ANY($1::uuid[])', [
      all.map((run) => run.run_id),
    ]);
    expect(charged).toEqual([{ run_id: good.run_id }]);
  });

  it('of a run that never came to be is given back by the caller, or expires when models-api knows of no such run', async () => {
    const [called, silent, young] = [await aRun(), await aRun(), await aRun()];
    for (const run of [called, silent, young]) await place(run, 1);
    const scope = { organization_id: called.organization_id, run_id: called.run_id };
    expect(await billing.ask('billing.release-hold', scope)).toEqual({ released: true });
    expect(await billing.ask('billing.release-hold', scope)).toEqual({ released: false });
    await checkLater(silent);
    expect([await stateOf(called), await stateOf(silent), await stateOf(young)]).toEqual([
      'released',
      'expired',
      'placed',
    ]);
  });

  it('does not expire while its run lives, although the word of it was lost, and ends as its run did', async () => {
    const [live, ended, succeeded] = [await aRun(), await aRun(), await aRun()];
    for (const run of [live, ended, succeeded]) await place(run, 1);
    const told = ({ organization_id, model_id, run_id }: Succeeded) => ({ organization_id, model_id, run_id });
    outcomes = [{ ...told(live), state: 'live' }, { ...told(ended), state: 'ended' }, succeededOutcome(succeeded)];
    await checkLater(live, ended, succeeded);
    expect([await stateOf(live), await stateOf(ended), await stateOf(succeeded)]).toEqual([
      'confirmed',
      'released',
      'posted',
    ]);
    expect(await billing.rows('SELECT amount_cents FROM charge WHERE run_id = $1', [succeeded.run_id])).toEqual([
      { amount_cents: 5_000 },
    ]);
  });

  it('of a success that cannot be recorded is not looked at before its turn comes again: it keeps no other from theirs', async () => {
    const [broken, silent] = [await aRun(), await aRun()];
    for (const run of [broken, silent]) await place(run, 1);
    outcomes = [succeededOutcome(broken)];
    await billing.store.delete(broken.snapshot_key);
    await checkLater(broken, silent);
    expect([await stateOf(broken), await stateOf(silent)]).toEqual(['placed', 'expired']);
    const waiting = await billing.database.read('system', (tx) =>
      billing.app.get(HoldsRepository).listUnheard(tx, { placed: 3_600, confirmed: 3_600 }, 500),
    );
    expect(waiting.map(({ runId }) => runId)).not.toContain(broken.run_id);
    outcomes = [];
  });

  it('goes no way that the table does not know', async () => {
    const run = await aRun();
    await place(run, 1);
    await fail(run);
    await becomes(run, 'released');
    for (const state of ['placed', 'confirmed', 'posted', 'expired']) {
      await expect(
        billing.asOwner(`UPDATE hold SET state = '${state}' WHERE run_id = '${run.run_id}'`),
      ).rejects.toThrow('a hold does not go from released to');
    }
  });
});

describe('a deleted model', () => {
  it('is closed only when the usage of every succeeded run is recorded, told of or not, and its open holds end', async () => {
    const organizationId = newId();
    const runs = await Promise.all(
      [1, 2].map((n) =>
        billing.aRun([{ name: `${organizationId} ${String(n)}`, ms: 6 * HOUR_MS }], { organizationId }),
      ),
    );
    const lost = await billing.aRun([{ name: newId(), ms: HOUR_MS }], { organizationId });
    for (const run of [...runs, lost]) await billing.startRun(run);
    await billing.succeed(runs[0] as Succeeded);
    const closed = {
      organization_id: organizationId,
      model_id: 7,
      succeeded: runs.map(({ run_id, snapshot_key, snapshot_sha256, training_ms }) => ({
        ...{ run_id, snapshot_key, snapshot_sha256, training_ms },
        succeeded_at: '2026-03-10T00:00:00.000Z',
      })),
    };
    await billing.models.publish('models.runs-closed.v1', closed);
    const erased = () =>
      billing.models.receivedOf('billing.model-erased.v1').filter((one) => one.organization_id === organizationId);
    await eventually(() => expect(erased()).toEqual([{ organization_id: organizationId, model_id: 7 }]));
    const charges = await billing.rows<{ amount_cents: number }>(
      'SELECT amount_cents FROM charge WHERE organization_id = $1 ORDER BY amount_cents',
      [organizationId],
    );
    expect(charges).toEqual([{ amount_cents: 0 }, { amount_cents: 10_000 }]);
    expect(await stateOf(lost)).toBe('released');

    // Asked again, with the snapshots gone by now, it answers again and charges nothing.
    await billing.store.deletePrefix(`o/${organizationId}/`);
    await billing.models.publish('models.runs-closed.v1', closed);
    await eventually(() => expect(erased()).toHaveLength(2));
    // Nor is an event a failure that comes as late as that.
    await billing.succeed(runs[1] as Succeeded);
    await eventually(async () =>
      expect(
        await billing.rows(`SELECT 1 FROM inbox WHERE consumer = 'billing-usage' AND organization_id = $1`, [
          organizationId,
        ]),
      ).toHaveLength(2),
    );
    expect(await billing.rows('SELECT 1 FROM failed_event WHERE body LIKE $1', [`%${organizationId}%`])).toEqual([]);
    expect(await billing.rows('SELECT 1 FROM charge WHERE organization_id = $1', [organizationId])).toHaveLength(2);
  });

  it('is not closed while a snapshot cannot be read', async () => {
    const run = await aRun();
    await billing.store.delete(run.snapshot_key);
    await billing.models.publish('models.runs-closed.v1', {
      organization_id: run.organization_id,
      model_id: 7,
      succeeded: [{ ...run, succeeded_at: '2026-03-10T00:00:00.000Z' }],
    });
    await eventually(async () =>
      expect(
        await billing.rows(`SELECT 1 FROM failed_event WHERE consumer = 'billing-closures' AND body LIKE $1`, [
          `%${run.run_id}%`,
        ]),
      ).toHaveLength(1),
    );
    expect(
      billing.models.receivedOf('billing.model-erased.v1').filter((one) => one.organization_id === run.organization_id),
    ).toEqual([]);
  });
});
