import { ClusterLab } from './test-support/cluster-lab';
import type { LabRun } from './test-support/lab-run';
import { expectNoRemains } from './test-support/remains';

jest.setTimeout(600_000);

const ENGINE = { steps: 60, step_ms: 80, checkpoint_every: 5 };
/** The same steps, so slow that everything that must happen meanwhile does, on a busy machine too. */
const SLOW = { ...ENGINE, step_ms: 400, checkpoint_every: 1 };

describe('two GPUs that runs of two plans share', () => {
  let lab: ClusterLab;
  beforeAll(async () => {
    lab = await ClusterLab.open({ engine: SLOW });
    await Promise.all([lab.addNode(), lab.addNode()]);
  });
  afterAll(() => lab.close());

  it('go to Enterprise first, which takes one from Gold; the run that lost it goes on from its checkpoint, is not interrupted again within the hour, and ends as an unbroken one', async () => {
    const [one, other, enterprise] = await Promise.all([
      lab.customer('gold'),
      lab.customer('gold'),
      lab.customer('enterprise'),
    ]);
    const [first, second, third, urgent, urgent2, urgent3] = await Promise.all([
      one.modelWithData(),
      other.modelWithData(),
      other.modelWithData(),
      ...[1, 2, 3].map(() => enterprise.modelWithData()),
    ]);
    const golds = [await one.start(first), await other.start(second)];
    await Promise.all(golds.map((run) => run.isCheckpointed()));

    const waiting = await other.start(third);
    await waiting.says(({ stage, queue_position }) => expect([stage, queue_position]).toEqual(['queued', 1]));
    // Over soon, so that the run that loses its machine still trains when the next one takes this one's.
    lab.script({ ...SLOW, step_ms: SLOW.step_ms / 2 });
    const preempting = await enterprise.start(urgent ?? 0);
    await preempting.reaches('training');
    lab.script(SLOW);
    expect(await waiting.row()).toMatchObject({ host: null, starts: 0 });

    const lost = await theOneThatLost(golds);
    const said = await lost.says(({ stage, stage_detail }) => {
      expect(stage).toBe('queued');
      expect(stage_detail).toBeDefined();
    });
    expect(said.stage_detail).toBe(
      'A run of higher priority took its machine. Training goes on from its last checkpoint on another one.',
    );
    expect(said.training_status).toBe(3);

    await lost.is((row) => expect(row).toMatchObject({ starts: 2, priority_class: 'attune-train-protected' }));
    await lost.reaches('training');
    const [next, last] = [await enterprise.start(urgent2 ?? 0), await enterprise.start(urgent3 ?? 0)];
    await next.reaches('training');
    expect((await lost.row()).state).toBe('training');
    lab.script(ENGINE);

    for (const run of [...golds, waiting, preempting, next, last]) await run.endsWell();
    expect(await lost.row()).toMatchObject({ starts: 2, preemptions: 1, failed_attempts: 0 });
    expect(await lost.log()).toContainEqual(expect.stringMatching(/^Going on from step \d+\.$/));
    expect((await lost.result()).losses).toHaveLength(ENGINE.steps);

    const unbroken = await (lost === golds[0] ? one : other).start(lost.modelId);
    await unbroken.endsWell();
    expect(await unbroken.row()).toMatchObject({ starts: 1, preemptions: 0 });
    expect(await lost.result()).toEqual(await unbroken.result());
  });

  it('leave nothing in the cluster and no object that no row speaks of', () => expectNoRemains(lab));
});

/** Exactly one of them lost its GPU. */
async function theOneThatLost(runs: readonly LabRun[]): Promise<LabRun> {
  const rows = await Promise.all(runs.map((run) => run.row()));
  const lost = runs.filter((_, index) => rows[index]?.preemptions === 1);
  expect(lost).toHaveLength(1);
  return lost[0] as LabRun;
}
