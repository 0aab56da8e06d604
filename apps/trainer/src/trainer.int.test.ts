import { eventually } from '@attune/testing';
import { modelPrefix } from '@attune/storage';
import { TestRun, type RunData } from './test-support/a-run';
import { TestPlatform } from './test-support/test-platform';
import type { TrainerProcess } from './test-support/trainer-process';

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

async function requested(data: RunData = {}): Promise<TestRun> {
  return (await new TestRun(platform).store(data)).request();
}

async function logOf(run: TestRun): Promise<string[]> {
  const { lines } = await platform.log(run.organizationId, run.modelId, { offset: 0, limit: 1000 });
  return lines.map(({ level, message }) => `${level}: ${message}`);
}

describe('a run', () => {
  it('goes from request to success through every state, tells progress that never falls, and succeeds once', async () => {
    // Longer than a report is under way on a busy machine: the stage of a shorter one may never be told.
    await started({ steps: 60, step_ms: 50 });
    const run = await requested();
    await run.reaches('succeeded');
    expect(await run.transitions()).toEqual([
      'queued>preparing',
      'preparing>training',
      'training>evaluating',
      'evaluating>finalizing',
      'finalizing>succeeded',
    ]);
    const [succeeded] = await eventually(() => {
      const heard = platform.heardOf('training.run-succeeded.v1', run.runId);
      expect(heard).toHaveLength(1);
      return heard;
    });
    expect(succeeded).toMatchObject({ epoch: 1, training_ms: 5020, base_digest: platform.baseDigest });

    const told = await eventually(() => {
      const heard = platform.heardOf('training.run-progressed.v2', run.runId).sort((a, b) => a.sequence - b.sequence);
      expect(heard.map(({ stage }) => stage)).toContain('finalizing');
      expect(heard.map(({ sequence }) => sequence)).toEqual(heard.map((_, i) => i + 1));
      return heard;
    });
    expect(told.map(({ progress }) => progress)).toEqual(told.map(({ progress }) => progress).sort((a, b) => a - b));
    expect([...new Set(told.map(({ stage }) => stage))]).toEqual([
      'queued',
      'preparing',
      'training',
      'evaluating',
      'finalizing',
    ]);
  });

  it('leaves nothing but its version in the store: no checkpoint, no losing epoch', async () => {
    await started({ steps: 20, step_ms: 10, faults: [{ at: 'train:step:15', do: 'kill' }] });
    const run = await requested();
    expect(await run.reaches('succeeded')).toMatchObject({ epoch: 2, failed_attempts: 1 });
    await eventually(async () => {
      const keys: string[] = [];
      for await (const { key } of platform.store.list(`${modelPrefix(run)}runs/`))
        keys.push(key.split(`/${run.runId}/`)[1] ?? key);
      expect(keys.sort()).toEqual([
        '2/artifact/adapter/adapter_config.json',
        '2/artifact/adapter/adapter_model.safetensors',
        '2/artifact/ctranslate2/config.json',
        '2/artifact/ctranslate2/model.bin',
        '2/artifact/model-card.json',
        '2/decodes/base.jsonl',
        '2/decodes/custom.jsonl',
        '2/manifest.json',
        'snapshot.jsonl',
      ]);
    });
  });

  it('keeps a fifth of the recordings out when there is no test data, and says so', async () => {
    await started();
    const run = await requested({ train: 10, test: 0 });
    await run.reaches('succeeded');
    expect(platform.heardOf('training.run-trained.v1', run.runId)[0]).toMatchObject({ evaluated_on: 'held_out' });
    expect(await logOf(run)).toContain(
      'info: There is no test data: 2 of the training recordings are kept out of training to measure the result on.',
    );
  });

  it('cuts recordings over 30 s first, and logs what could not be matched with its times', async () => {
    await started();
    const run = await requested({ train: 2, test: 1, seconds: 45 });
    await run.reaches('succeeded');
    const left = (await logOf(run)).filter((line) => line.includes('is left out'));
    expect(left).toHaveLength(2);
    expect(left[0]).toMatch(
      /^warning: Recording \S+, 0:22\.5 to 0:45\.0, is left out: the speech does not match the transcript\.$/,
    );
  });

  it('waits its turn: one runner at a time on a host, oldest first', async () => {
    await started({ steps: 50, step_ms: 200 });
    const first = await requested();
    await first.reaches('training');
    const second = await requested();
    await second.reaches('queued');
    expect(trainer.runners()).toHaveLength(1);
    trainer.tell({});
    await second.reaches('succeeded');
    expect((await first.state()).state).toBe('succeeded');
  });

  it('is not started twice by a second request; its state is told again instead', async () => {
    await started();
    const run = await requested();
    await run.reaches('succeeded');
    await run.request();
    await eventually(() =>
      expect(platform.heardOf('training.run-succeeded.v1', run.runId).length).toBeGreaterThanOrEqual(2),
    );
    expect(await run.state()).toMatchObject({ epoch: 1, starts: 1 });
  });
});

describe('a run that cannot succeed', () => {
  it('fails at once with the engine’s words when the data are at fault', async () => {
    await started({ faults: [{ at: 'train:start', do: 'exit:65' }] });
    const run = await requested();
    expect(await run.reaches('failed')).toMatchObject({
      epoch: 1,
      failure: { kind: 'data', message: 'The script asked for exit 65.' },
    });
    await eventually(() => expect(platform.heardOf('training.run-failed.v1', run.runId)).toHaveLength(1));
  });

  it('fails after three attempts, with a reason for the customer', async () => {
    await started({ faults: [{ at: 'train:step:2', do: 'exit:70', times: 10 }] });
    const run = await requested();
    const failed = await run.reaches('failed');
    expect(failed).toMatchObject({ epoch: 3, failed_attempts: 3 });
    expect(failed.failure?.message).toBe(
      'Training was tried 3 times and did not finish. The script asked for exit 70.',
    );
  });

  it('does not count interruptions as attempts', async () => {
    await started({ faults: [{ at: 'train:start', do: 'exit:75', times: 3 }] });
    const run = await requested();
    expect(await run.reaches('succeeded', 90_000)).toMatchObject({ failed_attempts: 0, epoch: 4 });
  });

  it('fails at once when there is too little to train and measure on', async () => {
    await started();
    const run = await requested({ train: 1, test: 0 });
    expect((await run.reaches('failed')).failure?.message).toMatch(/at least two recordings/);
  });

  it('fails when the evaluation has failed for good', async () => {
    await started();
    platform.evaluates = false;
    const run = await requested();
    await run.reaches('evaluating');
    await platform.publish('evaluation.failed.v1', {
      organization_id: run.organizationId,
      model_id: run.modelId,
      run_id: run.runId,
      epoch: 1,
      message: 'The test set has no words.',
    });
    const failed = await run.reaches('failed');
    expect(failed.failure?.message).toMatch(/The test set has no words\.$/);
  });
});

describe('the log', () => {
  it('is paged by line over all runs of a model, and belongs to its organization', async () => {
    await started();
    const run = await requested();
    await run.reaches('succeeded');
    const all = await platform.log(run.organizationId, run.modelId, { offset: 0, limit: 1000 });
    expect(all.total).toBeGreaterThanOrEqual(3);
    expect(all.lines).toHaveLength(all.total);
    const pages = await Promise.all(
      all.lines.map((_, offset) => platform.log(run.organizationId, run.modelId, { offset, limit: 1 })),
    );
    expect(pages.flatMap(({ lines }) => lines)).toEqual(all.lines);
    const foreign = await new TestRun(platform).store();
    expect(await platform.log(foreign.organizationId, run.modelId, { offset: 0, limit: 10 })).toEqual({
      total: 0,
      lines: [],
    });
  });
});

describe('a deleted model', () => {
  it('loses its runs and their runner, and a late request brings nothing back', async () => {
    await started({ steps: 1000, step_ms: 20 });
    const run = await requested();
    await run.reaches('training');
    const scope = { organization_id: run.organizationId, model_id: run.modelId };
    await platform.publish('models.model-deleted.v1', scope);
    await eventually(() =>
      expect(
        platform.heard.some((e) => e.name === 'training.model-erased.v1' && e.organization_id === run.organizationId),
      ).toBe(true),
    );
    await eventually(() => expect(trainer.runners()).toEqual([]));
    await run.request();
    await platform.untilTaken();
    const [left] = await platform.database.query<{ rows: number }>(
      'system',
      `SELECT (SELECT count(*) FROM training_run WHERE model_id = $1) + (SELECT count(*) FROM run_event WHERE model_id = $1)
          + (SELECT count(*) FROM model_feed WHERE model_id = $1) AS rows`,
      [run.modelId],
    );
    expect(left?.rows).toBe(0);
  });
});
