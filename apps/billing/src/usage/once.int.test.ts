import * as fc from 'fast-check';
import { anEvent, eventually } from '@attune/testing';
import { connectNats, eventSubject } from '@attune/messaging';
import { newId } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { HOUR_MS, TestBilling, type Succeeded } from '../test-support/test-billing';

let billing: TestBilling;
beforeAll(async () => {
  billing = await TestBilling.start({ instances: 2 });
});
afterAll(() => billing.stop());

/** Everything that money hangs on, of one organization. */
const books = (organization: string) =>
  billing.rows(
    `SELECT c.run_id, c.used_ms, c.new_ms, c.overage_ms, c.amount_cents, t.sequence, t.hash,
            (SELECT count(*) FROM usage_item i WHERE i.run_id = c.run_id) AS items,
            (SELECT count(*) FROM outbox o WHERE o.aggregate_id = c.run_id::text) AS events
       FROM charge c JOIN ledger_transaction t ON t.subject_id = c.run_id AND t.kind = 'charge'
      WHERE c.organization_id = $1 ORDER BY t.sequence`,
    [organization],
  );
const alerts = (organization: string) =>
  billing.rows<{ kind: string; details: object }>('SELECT kind, details FROM alert WHERE organization_id = $1', [
    organization,
  ]);
const handled = async (organization: string, count: number): Promise<void> => {
  await eventually(
    async () => {
      const [row] = await billing.rows<{ n: number }>(
        `SELECT count(*) AS n FROM inbox WHERE consumer = 'billing-usage' AND organization_id = $1`,
        [organization],
      );
      expect(row?.n).toBeGreaterThanOrEqual(count);
    },
    { timeoutMs: 20_000 },
  );
};

/** Six runs of two models: overlapping audio, below and above what is included. */
async function someRuns(organizationId: string): Promise<Succeeded[]> {
  const models = [newModel(), newModel()];
  const runs: Succeeded[] = [];
  for (const modelId of models) {
    for (let n = 1; n <= 3; n++) {
      const recordings = Array.from({ length: n * 2 }, (_, i) => ({
        name: `${String(modelId)} ${String(i)}`,
        ms: 3 * HOUR_MS + i,
      }));
      runs.push(await billing.aRun(recordings, { organizationId, modelId }));
    }
  }
  return runs;
}
let modelIds = 1000;
const newModel = (): number => (modelIds += 1);

/** Of each of `count` runs 1 to 20 deliveries, in any order: the runs' indices. */
const deliveriesOf = (count: number) =>
  fc
    .array(fc.integer({ min: 1, max: 20 }), { minLength: count, maxLength: count })
    .map((copies) => copies.flatMap((n, index) => Array.from({ length: n }, () => index)))
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));

describe('a usage event counts once, for ever', () => {
  it('however often, in whatever order and at how many instances it arrives, also after the broker has forgotten everything', async () => {
    const organization = newId();
    const runs = await someRuns(organization);
    for (const [index, run] of runs.entries()) {
      await billing.succeed(run);
      await handled(organization, index + 1);
    }
    const once = await books(organization);
    expect(once).toHaveLength(6);

    let heard = runs.length;
    // Drawn once. Where it fails, the seed and the order are printed.
    await fc.assert(
      fc.asyncProperty(deliveriesOf(runs.length), async (order) => {
        await Promise.all(order.map((index) => billing.succeed(runs[index] as Succeeded)));
        heard += order.length;
        await handled(organization, heard);
        expect(await books(organization)).toEqual(once);
      }),
      { numRuns: 1, endOnFailure: true },
    );

    await billing.nats.stop();
    await billing.nats.wipeStore();
    await billing.nats.start();
    await Promise.all(runs.map((run) => billing.succeed(run)));
    await handled(organization, heard + runs.length);
    expect(await books(organization)).toEqual(once);
    expect(await alerts(organization)).toEqual([]);
  });

  it('also when the very same message comes twice and the inbox has been emptied meanwhile, as after sixty days', async () => {
    const organization = newId();
    const run = await billing.aRun([{ name: 'a', ms: 11 * HOUR_MS }], { organizationId: organization });
    const connection = await connectNats({
      url: billing.nats.url,
      name: 'test',
      logger: createLogger('test', 'silent'),
    });
    const event = JSON.stringify(anEvent('training.run-succeeded.v1', run, { organization_id: organization }));
    const send = () => connection.request(eventSubject('training.run-succeeded.v1'), event, { timeout: 5_000 });
    await send();
    await handled(organization, 1);
    const once = await books(organization);
    expect(once).toMatchObject([{ amount_cents: 5_000, events: 1 }]);
    await billing.asOwner(`DELETE FROM inbox WHERE organization_id = '${organization}'`);
    await send();
    await handled(organization, 1);
    expect(await books(organization)).toEqual(once);
    await connection.close();
  });

  it('and is rejected, with one alert and nothing changed, when its run comes again with other content', async () => {
    const organization = newId();
    const run = await billing.aRun([{ name: 'a', ms: HOUR_MS }], { organizationId: organization });
    await billing.succeed(run);
    await handled(organization, 1);
    const once = await books(organization);
    const other = await billing.aRun([{ name: 'b', ms: 30 * HOUR_MS }], {
      organizationId: organization,
      runId: run.run_id,
    });
    await Promise.all([billing.succeed(other), billing.succeed(other)]);
    await handled(organization, 3);
    expect(await books(organization)).toEqual(once);
    expect(await alerts(organization)).toMatchObject([
      { kind: 'usage_conflict', details: { run_id: run.run_id, announced_ms: 30 * HOUR_MS } },
    ]);
  });

  it("and is rejected with an alert when its run is another organization's", async () => {
    const [first, second] = [newId(), newId()];
    const run = await billing.aRun([{ name: 'a', ms: HOUR_MS }], { organizationId: first });
    await billing.succeed(run);
    await handled(first, 1);
    const stolen = await billing.aRun([{ name: 'a', ms: HOUR_MS }], { organizationId: second, runId: run.run_id });
    await billing.succeed(stolen);
    await handled(second, 1);
    expect(await books(second)).toEqual([]);
    expect(await alerts(second)).toMatchObject([{ kind: 'usage_conflict' }]);
  });
});
