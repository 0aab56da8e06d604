import { modelPrefix } from '@attune/storage';
import { eventually } from '@attune/testing';
import { TestRun } from './test-support/a-run';
import { TestPlatform } from './test-support/test-platform';
import type { TrainerProcess } from './test-support/trainer-process';

/** From the request to a free permit, without a process left: the promise to a customer. */
const PROMISED_MS = 5000;

// Above what single steps are waited for: a late one is named by its own error.
jest.setTimeout(180_000);

let platform: TestPlatform;
let trainer: TrainerProcess;

beforeAll(async () => {
  platform = await TestPlatform.start();
});
afterAll(() => platform.stop());
afterEach(async () => {
  await trainer.end('SIGKILL');
  await platform.reset();
});

async function started(script: object = {}, env: Record<string, string> = {}): Promise<void> {
  trainer = platform.trainer(script, env);
  await trainer.start();
}

async function requested(): Promise<TestRun> {
  return (await new TestRun(platform).store()).request();
}

/** Longer in every stage than any test takes: none of these runs comes to its end. */
const SLOW = { steps: 5000, step_ms: 40, item_ms: 60_000 };

function processes(): number[] {
  return [...trainer.runners(), ...trainer.engines()];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Told once, and of no other end. */
async function cancelledOnce(run: TestRun, timeoutMs = 60_000): Promise<void> {
  await run.reaches('cancelled', timeoutMs);
  await eventually(() => expect(platform.heardOf('training.run-cancelled.v1', run.runId).length).toBeGreaterThan(0), {
    timeoutMs: 30_000,
  });
  expect(platform.heardOf('training.run-succeeded.v1', run.runId)).toEqual([]);
  expect(platform.heardOf('training.run-failed.v1', run.runId)).toEqual([]);
  expect((await run.transitions()).filter((move) => move.endsWith('>cancelled'))).toHaveLength(1);
}

async function stageIs(run: TestRun, stage: string): Promise<void> {
  await eventually(
    async () => {
      const rows = await platform.database.query('system', 'SELECT FROM training_run WHERE id = $1 AND stage = $2', [
        run.runId,
        stage,
      ]);
      expect(rows).toHaveLength(1);
    },
    { timeoutMs: 60_000 },
  );
}

describe('a cancel', () => {
  const moments: Record<string, { script: object; at: (run: TestRun) => Promise<unknown> }> = {
    preparing: {
      script: SLOW,
      at: () => eventually(() => expect(trainer.runners()).toHaveLength(1), { everyMs: 5, timeoutMs: 30_000 }),
    },
    training: { script: SLOW, at: (run) => run.reaches('training') },
    decoding: { script: { ...SLOW, steps: 3 }, at: (run) => stageIs(run, 'evaluating') },
  };

  it.each(Object.keys(moments))(
    'of a run that is %s ends its runner and engine, frees the permit and is done within five seconds',
    async (moment) => {
      await started(moments[moment]?.script);
      const run = await requested();
      await moments[moment]?.at(run);
      const atWork = processes();
      expect(atWork.length).toBeGreaterThan(0);
      const next = await requested();
      const before = performance.now();
      await run.cancel();
      await run.reaches('cancelled', PROMISED_MS);
      await eventually(() => expect(atWork.filter(isAlive)).toEqual([]));
      await eventually(async () => expect((await next.state()).starts).toBe(1));
      expect(performance.now() - before).toBeLessThan(PROMISED_MS);
      await cancelledOnce(run);
    },
  );

  it('of a run that waits its turn is done at once, and never starts it', async () => {
    await started(SLOW);
    const first = await requested();
    await first.reaches('training');
    const waiting = await requested();
    await waiting.reaches('queued');
    await waiting.cancel();
    await cancelledOnce(waiting);
    expect(await waiting.state()).toMatchObject({ starts: 0 });
    expect(await waiting.transitions()).toEqual(['queued>cancelled']);
    expect((await first.state()).state).toBe('training');
  });

  it('of a run that awaits its evaluation is done at once, and the evaluation that comes then changes nothing', async () => {
    await started();
    platform.evaluates = false;
    const run = await requested();
    await run.reaches('evaluating');
    await run.cancel();
    await cancelledOnce(run);
    const { organizationId, modelId, runId } = run;
    const scope = { organization_id: organizationId, model_id: modelId, run_id: runId };
    await platform.publish('evaluation.failed.v1', { ...scope, epoch: 1, message: 'late' });
    await platform.untilTaken();
    expect((await run.state()).state).toBe('cancelled');
  });

  it('leaves nothing of the run in the store but its snapshot', async () => {
    await started({ ...SLOW, checkpoint_every: 2 });
    const run = await requested();
    await eventually(
      async () =>
        expect(
          await platform.database.query('system', 'SELECT FROM run_checkpoint WHERE run_id = $1', [run.runId]),
        ).not.toEqual([]),
      { timeoutMs: 60_000 },
    );
    await run.cancel();
    await cancelledOnce(run);
    await eventually(async () => {
      const keys: string[] = [];
      for await (const { key } of platform.store.list(`${modelPrefix(run)}runs/`)) keys.push(key);
      expect(keys.map((key) => key.split(`/${run.runId}/`)[1])).toEqual(['snapshot.jsonl']);
    });
  });

  it('that overtakes the request of its run cancels it as soon as it comes', async () => {
    await started();
    const run = await new TestRun(platform).store();
    await run.cancel();
    await eventually(async () =>
      expect(
        await platform.database.query('system', 'SELECT FROM early_cancellation WHERE run_id = $1', [run.runId]),
      ).toHaveLength(1),
    );
    await run.request();
    await cancelledOnce(run);
    expect(await run.state()).toMatchObject({ starts: 0 });
  });

  it('that comes after the end changes nothing: the end is told again', async () => {
    await started();
    const run = await requested();
    await run.reaches('succeeded');
    await run.cancel();
    await eventually(() =>
      expect(platform.heardOf('training.run-succeeded.v1', run.runId).length).toBeGreaterThanOrEqual(2),
    );
    expect((await run.state()).state).toBe('succeeded');
    expect(platform.heardOf('training.run-cancelled.v1', run.runId)).toEqual([]);
  });
});

describe('a cancel is carried through over SIGKILL', () => {
  it('of the trainer, before it heard of the cancel', async () => {
    await started(SLOW);
    const run = await requested();
    await run.reaches('training');
    await trainer.end('SIGKILL');
    await run.cancel();
    await trainer.start();
    await cancelledOnce(run);
    expect(trainer.runners()).toEqual([]);
  });

  it('of the trainer, while the runner is being ended', async () => {
    await started(SLOW);
    const run = await requested();
    await run.reaches('training');
    // Nobody confirms: the process that would is stopped in the very transaction that begins the cancel.
    await platform.database.query(
      'system',
      `UPDATE training_run SET state = 'cancelling' WHERE id = $1 AND state = 'training'`,
      [run.runId],
    );
    await trainer.end('SIGKILL');
    await trainer.start();
    await cancelledOnce(run);
  });

  it('of a trainer that never comes back: another one finishes it when the lease has run out', async () => {
    await started(SLOW, { TRAINER_LEASE_MS: '5000', TRAINER_HOST_NAME: 'lost-host' });
    const run = await requested();
    await run.reaches('training');
    await trainer.end('SIGKILL');
    await run.cancel();
    await started(SLOW, { TRAINER_HOST_NAME: 'other-host' });
    await cancelledOnce(run);
  });

  it('of the runner', async () => {
    await started(SLOW);
    const run = await requested();
    await run.reaches('training');
    const [runner] = trainer.runners();
    await run.cancel();
    // The trainer may have been quicker.
    if (runner !== undefined && isAlive(runner)) process.kill(runner, 'SIGKILL');
    await cancelledOnce(run);
  });

  it('of NATS, with its whole store', async () => {
    await started(SLOW);
    const run = await requested();
    await run.reaches('training');
    await platform.nats.crash();
    await run.cancel();
    await platform.nats.wipeStore();
    await platform.nats.start();
    await cancelledOnce(run);
  });
});

describe('the feed of a model', () => {
  it('tells log lines, measured values and changes of state in one order without gaps', async () => {
    // Longer than a report is under way on a busy machine: the stage of a shorter one may never be told.
    await started({ steps: 60, step_ms: 50 });
    const run = await requested();
    await run.reaches('succeeded');
    const events = await platform.events(run.organizationId, run.modelId);
    expect(events.map(({ position }) => position)).toEqual(events.map((_, i) => i + 1));
    expect(events.flatMap((event) => (event.type === 'state' ? event.state : []))).toEqual([
      'queued',
      'preparing',
      'training',
      'evaluating',
      'finalizing',
      'succeeded',
    ]);
    const names = new Set(events.flatMap((event) => (event.type === 'metric' ? event.name : [])));
    expect(names).toContain('train_loss');
    expect(events.filter(({ type }) => type === 'log').length).toBeGreaterThan(0);
    expect(await platform.events(run.organizationId, run.modelId, events.length - 1)).toEqual(events.slice(-1));
  });
});
