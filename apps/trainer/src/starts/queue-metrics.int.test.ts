import { rm } from 'node:fs/promises';
import type { Database } from '@attune/database';
import { newId, type OrganizationId } from '@attune/kernel';
import { createLogger, register } from '@attune/observability';
import { createTestDatabase, eventually, temporaryDirectory, type TestDatabase } from '@attune/testing';
import { migrations } from '../migrations/all';
import { RunsRepository } from '../runs/runs.repository';
import { aNewRun } from '../test-support/new-run';
import { LocalExecutor } from './local-executor';
import { QueueMetrics } from './queue-metrics';
import { QueueRepository } from './queue.repository';

const logger = createLogger('test', 'silent');

let testDatabase: TestDatabase;
let database: Database;
let queue: QueueRepository;
let directory: string;

beforeAll(async () => {
  directory = await temporaryDirectory('queue-metrics');
  testDatabase = await createTestDatabase({ schema: 'training', migrations });
  database = await testDatabase.open();
  queue = new QueueRepository(database);
});
afterAll(async () => {
  await testDatabase.drop();
  await rm(directory, { recursive: true });
});

async function sample(name: string): Promise<number> {
  const line = (await register.metrics()).split('\n').find((one) => one.startsWith(`${name}{accelerator=""} `));
  return Number(line?.split(' ').at(-1));
}

it('a run is startable that has its turn and a place, and not one that its organization’s limit holds back', async () => {
  const organizationId = newId<OrganizationId>();
  const allow = (liveRuns: number) =>
    database.runInTransaction('system', (tx) =>
      queue.applyEntitlement(tx, organizationId, { plan: 'gold', liveRuns, revision: liveRuns }),
    );
  await database.runInTransaction('system', (tx) => new RunsRepository(database).insert(tx, aNewRun(organizationId)));
  /** What a trainer tells whose host has so many places. */
  const measured = async (permits: number) => {
    const settings = {
      host: 'host',
      permits,
      workDirectory: directory,
      runnerCommand: [],
      runnerEnvironment: {},
      nice: 0,
      stopGraceMs: 0,
    };
    const metrics = new QueueMetrics(database, queue, new LocalExecutor(settings, logger), logger);
    register.resetMetrics();
    metrics.onApplicationBootstrap();
    await eventually(async () => expect(await sample('attune_training_queue_length')).not.toBeNaN());
    await metrics.beforeApplicationShutdown();
    const names = ['length', 'startable', 'held_back'];
    return Promise.all(names.map((name) => sample(`attune_training_queue_${name}`)));
  };
  await allow(1);
  expect(await measured(1)).toEqual([1, 1, 0]);
  expect(await measured(0)).toEqual([1, 0, 0]);
  await database.query('system', 'UPDATE organization SET live_runs = 0');
  expect(await measured(1)).toEqual([0, 0, 1]);
});
