import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '@attune/database';
import type { RunId } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { migrations } from '../migrations/all';
import { ClusterTrainer } from '../test-support/kubernetes/cluster-trainer';
import type { StartName } from './executor';
import { LocalExecutor } from './local-executor';

/** Cannot kill what it is told of. */
class FaultyExecutor extends LocalExecutor {
  readonly unable = new Set<RunId>();

  override kill(name: StartName): Promise<void> {
    return this.unable.has(name.runId) ? Promise.reject(new Error('no answer')) : super.kill(name);
  }
}

let testDatabase: TestDatabase;
let database: Database;
let directory: string;
let executor: FaultyExecutor;
let trainer: ClusterTrainer<FaultyExecutor>;

beforeAll(async () => {
  testDatabase = await createTestDatabase({ schema: 'training', migrations });
  database = await testDatabase.open();
  directory = await mkdtemp(join(tmpdir(), 'attune-starter-'));
  const settings = {
    ...{ host: 'host', permits: 3, workDirectory: join(directory, 'runs'), nice: 0, stopGraceMs: 100 },
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
    await trainer.reaches(cancelled, { state: 'cancelled' }, 5000);
    // What comes now starts, too.
    await trainer.reaches(await trainer.request(), { starts: 1, hasClaimWindow: true }, 5000);
    await trainer.reaches(stuck, { state: 'cancelling' });
    executor.unable.clear();
    await trainer.reaches(stuck, { state: 'cancelled' }, 5000);
  });
});
