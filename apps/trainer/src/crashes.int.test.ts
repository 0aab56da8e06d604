import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { delay } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { artifactKey, checkpointKey } from '@attune/storage';
import { runnerPath } from './runner-protocol/protocol';
import { TestRun } from './test-support/a-run';
import { TestPlatform } from './test-support/test-platform';
import type { TrainerProcess } from './test-support/trainer-process';

// Above what single steps are waited for: a late one is named by its own error.
jest.setTimeout(240_000);

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

const PATIENCE = { timeoutMs: 60_000 };

/** Slow enough to be looked at while it is at work. */
const SLOW = { steps: 15, step_ms: 40, item_ms: 250 };
/** Trains for longer than any test takes. */
const ENDLESS = { ...SLOW, steps: 5000 };
/** Stops for ever at a point, the first `times` that an engine comes there: what is done to the run is done there. */
const heldAt = (at: string, times = 1): object => ({ ...SLOW, faults: [{ at, do: 'hang', times }] });
const isHeld = (times = 1): Promise<void> => eventually(() => expect(trainer.faultsMet()).toBe(times), PATIENCE);

const hasRow = (from: string, run: TestRun): Promise<void> =>
  eventually(
    async () => expect(await platform.database.query('system', `SELECT FROM ${from}`, [run.runId])).not.toEqual([]),
    PATIENCE,
  );
const isDecoding = (run: TestRun): Promise<void> => hasRow(`training_run WHERE id = $1 AND stage = 'evaluating'`, run);

/** Where a run is when something is killed. */
const moments = {
  queued: { script: SLOW, at: (run: TestRun) => eventually(() => run.state(), { ...PATIENCE, everyMs: 5 }) },
  preparing: {
    script: SLOW,
    at: () => eventually(() => expect(trainer.runners()).toHaveLength(1), { ...PATIENCE, everyMs: 5 }),
  },
  training: {
    script: heldAt('train:step:10'),
    at: async (run: TestRun) => {
      await isHeld();
      await run.reaches('training');
    },
  },
  'after a checkpoint': {
    script: heldAt('train:step:10'),
    at: async (run: TestRun) => {
      await isHeld();
      await hasRow('run_checkpoint WHERE run_id = $1', run);
    },
  },
  decoding: {
    script: heldAt('transcribe:start'),
    at: async (run: TestRun) => {
      await isHeld();
      await isDecoding(run);
    },
  },
};
type Moment = keyof typeof moments;
const allMoments = Object.keys(moments) as Moment[];

async function runAt(moment: Moment, env: Record<string, string> = {}): Promise<TestRun> {
  await started(moments[moment].script, env);
  const run = await requested();
  await moments[moment].at(run);
  return run;
}

async function succeedsOnce(run: TestRun): Promise<void> {
  await run.reaches('succeeded', 120_000);
  await eventually(() => {
    const versions = new Set(
      platform
        .heardOf('training.run-succeeded.v1', run.runId)
        .map(({ epoch, manifest_sha256 }) => `${String(epoch)} ${manifest_sha256}`),
    );
    expect(versions.size).toBe(1);
  }, PATIENCE);
  expect((await run.transitions()).filter((move) => move === 'finalizing>succeeded')).toHaveLength(1);
}

function killAll(pids: number[]): void {
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

describe('a run survives SIGKILL and succeeds exactly once', () => {
  it.each(allMoments.filter((moment) => moment !== 'queued'))('of its runner: %s', async (moment) => {
    const run = await runAt(moment);
    killAll(trainer.runners());
    await succeedsOnce(run);
    expect((await run.state()).starts).toBe(2);
  });

  it.each(['training', 'after a checkpoint', 'decoding'] as const)('of its engine: %s', async (moment) => {
    const run = await runAt(moment);
    killAll(trainer.engines());
    await succeedsOnce(run);
  });

  it.each(allMoments)('of the trainer: %s, without waiting for the lease to run out', async (moment) => {
    // Longer than the run is waited for.
    const run = await runAt(moment, { TRAINER_LEASE_MS: '300000' });
    await trainer.end('SIGKILL');
    await trainer.start();
    await succeedsOnce(run);
    expect((await run.state()).failed_attempts).toBe(0);
  });

  it('of the trainer while the evaluation is awaited', async () => {
    await started();
    platform.evaluates = false;
    const run = await requested();
    await run.reaches('evaluating');
    await trainer.end('SIGKILL');
    platform.evaluates = true;
    await trainer.start();
    await succeedsOnce(run);
    expect((await run.state()).epoch).toBe(1);
  });

  it('and goes on from its last checkpoint instead of the start', async () => {
    const run = await runAt('after a checkpoint');
    killAll(trainer.runners());
    await succeedsOnce(run);
    const { lines } = await platform.log(run.organizationId, run.modelId, { offset: 0, limit: 1000 });
    expect(lines.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^Going on from step \d+\.$/));
  });
});

describe('an orderly end of the trainer', () => {
  it('lets runners save a checkpoint, counts no attempt, and leaves no process behind', async () => {
    // Time enough for a busy machine to save it.
    await started({ ...ENDLESS, checkpoint_every: 5000 }, { TRAINER_SHUTDOWN_MS: '30000' });
    const run = await requested();
    await run.trains();
    const [runner] = trainer.runners();
    trainer.tell(SLOW);
    await trainer.end('SIGTERM');
    expect(readdirSync('/proc')).not.toContain(String(runner));
    expect(await run.state()).toMatchObject({ state: 'queued', failed_attempts: 0 });
    expect(
      await platform.database.query('system', 'SELECT FROM run_checkpoint WHERE run_id = $1', [run.runId]),
    ).toHaveLength(1);
    await trainer.start();
    await succeedsOnce(run);
  });
});

describe('a checkpoint whose object is gone, as a restored backup may have it', () => {
  it('is none: the run goes on from the one before, and this counts as no failed attempt', async () => {
    await started({ ...ENDLESS, checkpoint_every: 3 }, { TRAINER_SHUTDOWN_MS: '30000' });
    const run = await requested();
    const checkpoints = () =>
      platform.database.query<{ file: string; step: number }>(
        'system',
        'SELECT file, step FROM run_checkpoint WHERE run_id = $1 ORDER BY step DESC',
        [run.runId],
      );
    await eventually(async () => expect(await checkpoints()).toHaveLength(2), PATIENCE);
    trainer.tell(SLOW);
    await trainer.end('SIGTERM');
    const [newest, before] = await checkpoints();
    const { organizationId, modelId, runId } = run;
    await platform.store.delete(checkpointKey({ organizationId, modelId, runId, epoch: 1 }, newest?.file ?? ''));
    await trainer.start();
    await succeedsOnce(run);
    expect(await run.state()).toMatchObject({ epoch: 2, failed_attempts: 0 });
    const { lines } = await platform.log(organizationId, modelId, { offset: 0, limit: 1000 });
    expect(lines.map(({ message }) => message)).toContain(`Going on from step ${String(before?.step)}.`);
  });
});

describe('a zombie', () => {
  it('that slept beyond its lease finds its run taken, writes nothing and ends', async () => {
    await started(ENDLESS, { TRAINER_LEASE_MS: '5000' });
    const run = await requested();
    await run.trains();
    const [zombie] = trainer.runners();
    if (zombie === undefined) throw new Error('no runner is at work');
    process.kill(zombie, 'SIGSTOP');
    trainer.tell(SLOW);
    await eventually(async () => expect((await run.state()).failed_attempts).toBeGreaterThanOrEqual(1), PATIENCE);
    try {
      process.kill(zombie, 'SIGCONT');
    } catch {
      // The executor has killed it already: it is no longer wanted.
    }
    await succeedsOnce(run);
    await eventually(() => expect(trainer.runners()).not.toContain(zombie), PATIENCE);
    expect((await run.state()).epoch).toBeGreaterThanOrEqual(2);
  });

  it('is answered stop by every call, with the token and the epoch that were right before', async () => {
    // The second start is held too: all calls come while it is at work.
    await started(heldAt('train:step:5', 2));
    const run = await requested();
    await isHeld();
    const token = tokenOf(trainer.runners()[0] ?? 0);
    killAll(trainer.runners());
    await isHeld(2);
    expect((await run.state()).epoch).toBe(2);
    const digest = `sha256:${'0'.repeat(64)}`;
    const calls = {
      claim: { owner: '00000000-0000-4000-8000-000000000000' },
      heartbeat: { epoch: 1 },
      events: { epoch: 1, sequence: 99, events: [] },
      urls: { epoch: 1, reads: [], writes: [{ kind: 'manifest' }] },
      checkpoint: { epoch: 1, file: 'step-9.safetensors', step: 9, bytes: 1, sha256: digest },
      complete: {
        epoch: 1,
        manifest_sha256: digest,
        base_decodes_sha256: digest,
        custom_decodes_sha256: digest,
        evaluated_on: 'test_set',
      },
      fail: { epoch: 1, kind: 'data', message: 'zombie' },
    } as const;
    for (const start of [1, 2]) {
      for (const [name, body] of Object.entries(calls)) {
        const answer = await call(run, start, name as keyof typeof calls, token, body);
        // The old start is over; to the new start the old token is none.
        expect([name, answer.status]).toEqual([name, start === 1 ? 409 : 401]);
        if (start === 1) expect(answer.body).toEqual({ answer: 'stop' });
      }
    }
    killAll(trainer.engines());
    await succeedsOnce(run);
  });

  it('speaking for an old epoch under the current token is answered stop too', async () => {
    const run = await runAt('training');
    const token = tokenOf(trainer.runners()[0] ?? 0);
    expect(await call(run, 1, 'heartbeat', token, { epoch: 7 })).toEqual({ status: 409, body: { answer: 'stop' } });
    expect(await call(run, 1, 'fail', token, { epoch: 7, kind: 'data', message: 'x' })).toMatchObject({ status: 409 });
    expect(await call(run, 1, 'heartbeat', token, { epoch: 1 })).toEqual({ status: 200, body: { answer: 'continue' } });
    killAll(trainer.engines());
    await succeedsOnce(run);
  });

  it('may read nothing of another model, and write nothing outside its epoch', async () => {
    await started(ENDLESS);
    const other = await new TestRun(platform).store();
    const run = await requested();
    await run.reaches('training');
    const token = tokenOf(trainer.runners()[0] ?? 0);
    const foreign = { epoch: 1, reads: [{ kind: 'data', key: other.items[0]?.normalized_key }], writes: [] };
    expect((await call(run, 1, 'urls', token, foreign)).status).toBe(404);
    const outside = { epoch: 1, reads: [], writes: [{ kind: 'artifact', path: '../../2/manifest.json' }] };
    expect((await call(run, 1, 'urls', token, outside)).status).toBe(400);
  });
});

describe('what lies in the store', () => {
  it('is believed only when every byte is right: a flipped bit never becomes a version', async () => {
    // Nothing is delivered before both models have decoded: the first takes its time, what comes then does not.
    await started({ ...SLOW, steps: 5, item_ms: 3000 }, { TRAINER_RECONCILE_MS: '60000' });
    const run = await requested();
    await isDecoding(run);
    const { organizationId, modelId, runId } = run;
    // The artifact's place is written once: whoever is first there has spoilt the delivery.
    const key = artifactKey({ organizationId, modelId, runId, epoch: 1 }, 'ctranslate2/model.bin');
    await platform.store.put(key, Readable.from(Buffer.from('{"kind":"custom","transcripts":[]} ')));
    trainer.tell({ ...SLOW, steps: 5 });
    await succeedsOnce(run);
    expect(await run.state()).toMatchObject({ epoch: 2, failed_attempts: 1 });
  });

  it('as the half of a base that a crash left is never taken for a base', async () => {
    await started();
    const half = join(platform.directory, 'cache', 'bases', `${platform.baseDigest.slice(7)}.half-1`);
    mkdirSync(half, { recursive: true });
    writeFileSync(join(half, 'base.json'), 'left by a crash');
    await succeedsOnce(await requested());
  });
});

describe('the broker is disposable', () => {
  it('wiped while runs are in every stage, all of them still succeed once', async () => {
    await started({ ...SLOW, steps: 50 });
    platform.evaluates = false;
    const waiting = await requested();
    await waiting.reaches('evaluating');
    const training = await requested();
    await training.reaches('training');
    await platform.nats.crash();
    await platform.nats.wipeStore();
    await delay(500);
    platform.evaluates = true;
    await platform.nats.start();
    await succeedsOnce(waiting);
    await succeedsOnce(training);
  });

  it('and an end that was lost with it is told again, as the same event', async () => {
    await started();
    const run = await requested();
    await succeedsOnce(run);
    const idsHeard = (): string[] =>
      platform.heard.filter(({ name }) => name === 'training.run-succeeded.v1').map(({ id }) => id);
    const before = idsHeard();
    await platform.nats.crash();
    await platform.nats.wipeStore();
    await platform.forgetWhatWasHeard();
    await platform.nats.start();
    await eventually(() => expect(idsHeard()).toContain(before.at(-1)), PATIENCE);
  });
});

async function call(
  run: TestRun,
  start: number,
  name: Parameters<typeof runnerPath>[2],
  token: string,
  body: object,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`http://127.0.0.1:${String(platform.port)}${runnerPath(run.runId, start, name)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

/** From the runner's environment, where nobody else's eyes reach. */
function tokenOf(pid: number): string {
  const variables = readFileSync(`/proc/${String(pid)}/environ`, 'utf8').split('\0');
  return variables.find((variable) => variable.startsWith('RUN_TOKEN='))?.slice('RUN_TOKEN='.length) ?? '';
}
