import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { delay } from '@attune/kernel';
import { describeEngine } from './describe-engine';
import type { EngineEvent } from './events';
import { EngineBench } from './test-support/engine-bench';
import { runEngine } from './run-engine';

const bench = new EngineBench();
beforeAll(() => bench.makeBase());

describe('an engine run', () => {
  it('relays every event in order and ends done with the artifact', async () => {
    const outcome = await bench.run(bench.engine({ steps: 4 }), bench.trainJob('plain'));
    expect(outcome).toMatchObject({ kind: 'done', exitCode: 0, error: null, malformedLines: 0 });
    expect(outcome.events.filter((event) => event.type === 'progress').map((event) => event.done)).toEqual([
      1, 2, 3, 4,
    ]);
    expect(outcome.events.at(-1)).toMatchObject({ type: 'artifact' });
  });

  it('resumes after SIGKILL to the same artifact as an unbroken run', async () => {
    const unbroken = await bench.run(bench.engine({ steps: 9 }), bench.trainJob('unbroken'));
    const job = bench.trainJob('broken');
    const engine = bench.engine({ steps: 9, faults: [{ at: 'train:step:8', do: 'kill' }] });
    const first = await bench.run(engine, job);
    expect(first).toMatchObject({ kind: 'engine', exitCode: null, signal: 'SIGKILL' });
    const second = await bench.run(engine, job);
    expect(second.events).toContainEqual(expect.objectContaining({ message: 'Going on from step 6.' }));
    const digests = [unbroken, second].map(({ events }) =>
      events.flatMap((e) => (e.type === 'artifact' ? e.digest : [])),
    );
    expect(digests[0]).toEqual(digests[1]);
  });

  it.each([
    ['exit:65', 'data'],
    ['exit:70', 'engine'],
    ['exit:75', 'interrupted'],
    ['exit:3', 'engine'],
  ])('reads %s as %s', async (deed, kind) => {
    const engine = bench.engine({ faults: [{ at: 'train:start', do: deed }] });
    const outcome = await bench.run(engine, bench.trainJob(deed));
    expect(outcome.kind).toBe(kind);
    if (kind === 'data') expect(outcome.error).toMatchObject({ code: 'BAD_DATA' });
  });

  it('counts lines that are no events, and an endless one costs no memory', async () => {
    const faults = [
      { at: 'train:step:1', do: 'garbage' },
      { at: 'train:step:2', do: 'flood' },
    ];
    const outcome = await bench.run(bench.engine({ steps: 3, faults }), bench.trainJob('garbage'));
    expect(outcome).toMatchObject({ kind: 'done', malformedLines: 4 });
  });

  it('asks with SIGTERM for a checkpoint, so that the run can go on later', async () => {
    const stop = new AbortController();
    const outcome = await bench.run(
      bench.engine({ steps: 1000, step_ms: 10 }),
      bench.trainJob('term'),
      stop.signal,
      (event) => {
        if (event.type === 'progress') stop.abort();
      },
    );
    expect(outcome.kind).toBe('interrupted');
    expect(outcome.events.at(-1)?.type).toBe('checkpoint');
  });

  it('kills an engine that does not listen to SIGTERM', async () => {
    const stop = new AbortController();
    const engine = bench.engine({ faults: [{ at: 'train:step:2', do: 'hang' }] });
    const onEvent = (event: EngineEvent): void => {
      if (event.type === 'progress') setTimeout(() => stop.abort(), 200);
    };
    const outcome = await bench.run(engine, bench.trainJob('hang'), stop.signal, onEvent, 500);
    expect(outcome).toMatchObject({ kind: 'engine', signal: 'SIGKILL' });
  });

  it('calls a program that cannot be started an engine fault', async () => {
    const outcome = await runEngine({ command: ['/nonexistent/engine'], args: ['train'], onEvent: () => undefined });
    expect(outcome.kind).toBe('engine');
    await expect(describeEngine(['/nonexistent/engine'])).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('ends the engine when its events can no longer be taken', async () => {
    const job = join(bench.directory, 'rejecting.json');
    writeFileSync(job, JSON.stringify(bench.trainJob('rejecting')));
    const taking = runEngine({
      command: bench.engine({ steps: 1000, step_ms: 10 }),
      args: ['train', job],
      onEvent: () => Promise.reject(new Error('disk full')),
    });
    await expect(taking).rejects.toThrow('disk full');
  });

  it('dies with the process that started it', async () => {
    const job = join(bench.directory, 'orphan.json');
    writeFileSync(job, JSON.stringify(bench.trainJob('orphan')));
    const engine = bench.engine({ steps: 100_000, step_ms: 10 });
    const compiled = join(__dirname, '..', 'dist', 'child.js');
    const code = `const c=require(${JSON.stringify(compiled)}).spawnChild({command:${JSON.stringify(engine)},args:['train',${JSON.stringify(job)}],stdin:'ignore'});
      c.stdout.once('data',()=>console.log(c.pid));c.stdout.resume();`;
    const parent = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(
      await new Promise<string>((resolve) => parent.stdout.once('data', (d: Buffer) => resolve(String(d)))),
    );
    parent.kill('SIGKILL');
    for (let i = 0; i < 400 && isAlive(pid); i += 1) await delay(50);
    expect(isAlive(pid)).toBe(false);
  });
});

describe('describe', () => {
  it('says what an engine is, checked against the protocol', async () => {
    await expect(describeEngine(bench.engine())).resolves.toMatchObject({ engine: 'scripted', protocol: 1 });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
