import { rm } from 'node:fs/promises';
import type { Database } from '@attune/database';
import { delay, type RunId } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { createTestDatabase, eventually, temporaryDirectory, type TestDatabase } from '@attune/testing';
import { migrations } from '../migrations/all';
import { ClusterTrainer } from '../test-support/kubernetes/cluster-trainer';
import type { OrderedStart, StartName, StartOrder, StartStatus } from './executor';
import { LocalExecutor } from './local-executor';

/** As hosts can be: it answers with errors, takes its time, or has no machine. */
class FaultyExecutor extends LocalExecutor {
  /** Starts that it cannot kill. */
  readonly unable = new Set<RunId>();
  readonly unplaced = new Set<RunId>();
  /** Starts are made when it has passed. */
  gate: Promise<void> = Promise.resolve();
  making = 0;
  /** It has no disk left: it throws before it has anything to wait for. */
  isFull = false;
  /** It takes no start now. */
  isClosed = false;
  /** How many starts it was asked to make while it was full, by the passes since then. */
  refused: number[] = [];

  override isReady(): boolean {
    return !this.isClosed && super.isReady();
  }

  /** Every pass begins with it. */
  override list(): Promise<StartName[]> {
    if (this.isFull) this.refused.push(0);
    return super.list();
  }

  override start(order: StartOrder): Promise<void> {
    if (!this.isFull) return this.startLater(order);
    this.refused.push((this.refused.pop() ?? 0) + 1);
    throw new Error('no space left on device');
  }

  private async startLater(order: StartOrder): Promise<void> {
    this.making += 1;
    await this.gate;
    this.making -= 1;
    await super.start(order);
  }

  override observe(start: OrderedStart): Promise<StartStatus> {
    const givenUp = { kind: 'unplaced' as const, reason: 'No machine.' };
    return this.unplaced.delete(start.runId)
      ? Promise.resolve({ kind: 'waiting', reason: 'r', givenUp })
      : super.observe(start);
  }

  override kill(name: StartName): Promise<void> {
    return this.unable.has(name.runId) ? Promise.reject(new Error('no answer')) : super.kill(name);
  }
}

// Above what single steps are waited for: a late one is named by its own error.
jest.setTimeout(120_000);

let testDatabase: TestDatabase;
let database: Database;
let directory: string;
let executor: FaultyExecutor;
let trainer: ClusterTrainer<FaultyExecutor>;

beforeAll(async () => {
  testDatabase = await createTestDatabase({ schema: 'training', migrations });
  database = await testDatabase.open();
  directory = await temporaryDirectory('starter');
  const settings = {
    ...{ host: 'host', permits: 5, workDirectory: directory, nice: 0, stopGraceMs: 100 },
    ...{ runnerCommand: ['/bin/sh', '-c', 'exec sleep 600'], runnerEnvironment: {} },
  };
  executor = new FaultyExecutor(settings, createLogger('test', 'silent'));
  trainer = new ClusterTrainer(database, executor);
});
afterAll(async () => {
  await trainer.stop();
  await testDatabase.drop();
  await rm(directory, { recursive: true, force: true });
});

describe('a pass of the starter', () => {
  it('settles all that it can, though one start answers nothing but errors', async () => {
    const [stuck, cancelled] = [await trainer.request(), await trainer.request()];
    for (const runId of [stuck, cancelled]) await trainer.reaches(runId, { hasClaimWindow: true });
    executor.unable.add(stuck);
    for (const runId of [stuck, cancelled]) await trainer.cancel(runId);
    await trainer.reaches(cancelled, { state: 'cancelled' });
    // What comes now starts, too.
    await trainer.reaches(await trainer.request(), { starts: 1, hasClaimWindow: true });
    await trainer.reaches(stuck, { state: 'cancelling' });
    executor.unable.clear();
    await trainer.reaches(stuck, { state: 'cancelled' });
  });

  it('never gives the whole queue to a host that cannot make a start, and goes on once it can', async () => {
    // All of them wait when the first pass looks that may give one.
    executor.isClosed = true;
    const runs = await Promise.all(Array.from({ length: 8 }, () => trainer.request()));
    executor.isFull = true;
    executor.isClosed = false;
    // The pass after it has begun, so it has given all that it gives.
    const given = await eventually(() => {
      const asked = executor.refused.findIndex((count) => count > 0);
      expect(executor.refused.length).toBeGreaterThan(asked + 1);
      expect(asked).toBeGreaterThanOrEqual(0);
      return executor.refused[asked];
    });
    expect(given).toBeLessThan(runs.length);
    executor.isFull = false;
    for (const runId of runs) await trainer.cancel(runId);
    for (const runId of runs) await trainer.reaches(runId, { state: 'cancelled' });
  });

  it('judges no start that is still being made, makes others beside it, and the end waits for all', async () => {
    let open = (): void => undefined;
    executor.gate = new Promise((resolve) => (open = resolve));
    const runs = [await trainer.request(), await trainer.request()];
    await eventually(() => expect(executor.making).toBe(2));
    // Some passes long the host knows nothing of either.
    await delay(1500);
    for (const runId of runs) await trainer.reaches(runId, { starts: 1, host: 'host' });
    await trainer.cancel(runs[0] as RunId);
    await delay(700);
    await trainer.reaches(runs[0] as RunId, { state: 'cancelling' });
    const stopped = trainer.stop().then(() => executor.making);
    open();
    expect(await stopped).toBe(0);
  });
});

describe('a run for which no machine was to be had', () => {
  it('comes nearer to other machines, and is spared by nobody for it: it has lost none', async () => {
    trainer = new ClusterTrainer(database, executor);
    const runId = await trainer.request();
    executor.unplaced.add(runId);
    await trainer.reaches(runId, { preemptions: 1, failedAttempts: 0 });
    const [row] = await database.query<{ lost: boolean }>(
      'system',
      'SELECT last_preempted_at IS NOT NULL AS lost FROM training_run WHERE id = $1',
      [runId],
    );
    expect(row?.lost).toBe(false);
    expect(await trainer.linesOf(runId)).toContain('No machine. It waits for another one.');
  });
});
