import { ClusterLab } from './test-support/cluster-lab';
import { CANCELLED, type LabRun } from './test-support/lab-run';
import type { Customer } from './test-support/customer';
import { expectNoRemains } from './test-support/remains';

jest.setTimeout(300_000);

const USABLE = 2;
const SLOW = { steps: 600, step_ms: 100, item_ms: 30_000 };

describe('a run that its owner cancels', () => {
  let lab: ClusterLab;
  let customer: Customer;
  /** Models with data, each for one live run at a time. */
  let models: readonly [number, number, number];

  beforeAll(async () => {
    lab = await ClusterLab.open({ pools: [{ name: 'gpu-on-demand', slots: 2 }] });
    customer = await lab.customer('gold');
    const model = (): Promise<number> => customer.modelWithData();
    models = await Promise.all([model(), model(), model()]);
  });
  afterAll(() => lab.close());

  /** From the call to the answer that the model can be used again. */
  async function isCancelledInTime(run: LabRun): Promise<void> {
    const began = performance.now();
    await run.cancel();
    await run.says(({ training_status }) => expect(training_status).toBe(USABLE));
    const seconds = (performance.now() - began) / 1000;
    expect(await run.outcome(CANCELLED)).toEqual(CANCELLED);
    expect(seconds).toBeLessThan(5);
  }

  it('is over within five seconds while it waits for its turn, and while it waits for a machine', async () => {
    const holders = [await customer.start(models[0]), await customer.start(models[1])];
    for (const run of holders) await run.says(({ stage }) => expect(stage).toBe('provisioning'));
    const waiting = await customer.start(models[2]);
    await waiting.says(({ stage }) => expect(stage).toBe('queued'));
    for (const run of [waiting, ...holders]) await isCancelledInTime(run);
    await lab.addNode('gpu-on-demand', 2);
  });

  it.each([
    ['its program prepares', { faults: [{ at: 'train:start', do: 'hang', times: 100 }] }, 'preparing'],
    ['it trains', SLOW, 'training'],
    ['it transcribes its test recordings', { ...SLOW, steps: 1 }, 'evaluating'],
  ])('is over within five seconds while %s', async (_, script, stage) => {
    lab.script(script);
    const run = await customer.start(models[2]);
    await run.says((model) => expect(model.stage).toBe(stage));
    const { pid } = await lab.podOf(run);
    await isCancelledInTime(run);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('is over within five seconds while its result is evaluated', async () => {
    lab.script({});
    const thaw = lab.freeze('evaluator');
    const run = await customer.start(models[2]);
    await run.reaches('evaluating');
    await isCancelledInTime(run);
    thaw();
  });

  it('leaves a model that trains again', async () => {
    lab.script({});
    const again = await Promise.all(models.map((model) => customer.start(model)));
    for (const run of again) await run.endsWell();
  });

  it('leaves nothing in the cluster and no object that no row speaks of', () => expectNoRemains(lab));
});
