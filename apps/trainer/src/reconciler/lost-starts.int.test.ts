import type { Database } from '@attune/database';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { migrations } from '../migrations/all';
import type { StartStatus } from '../starts/executor';
import { Trainer } from '../test-support/trainer-parts';

let testDatabase: TestDatabase;
let database: Database;
let trainer: Trainer;
/** What the host's trainer sees of it. */
let isCurrent = true;
const status: StartStatus = { kind: 'running', ending: { kind: 'preempted', reason: 'Taken.' } };

beforeAll(async () => {
  testDatabase = await createTestDatabase({ schema: 'training', migrations });
  database = await testDatabase.open();
  const executor = { host: 'host', observe: () => Promise.resolve(status), isCurrent: () => isCurrent };
  trainer = new Trainer(database, executor);
});
afterAll(() => testDatabase.drop());
beforeEach(() => {
  isCurrent = true;
});

const aPlace = () => ({
  organizationId: newId<OrganizationId>(),
  modelId: Math.floor(Math.random() * 1e9) as ModelId,
  runId: newId<RunId>(),
});
const set = (runId: RunId, change: string) =>
  database.query('system', `UPDATE training_run SET ${change} WHERE id = $1`, [runId]);

describe('a start that has fallen silent', () => {
  it('is judged by a trainer that sees its host, and by no other: why it is silent only the host can say', async () => {
    const place = aPlace();
    await trainer.request(place);
    await trainer.start(place.runId);
    await trainer.claim(place.runId);
    isCurrent = false;
    await trainer.expire(place.runId);
    expect(await trainer.stateOf(place.runId)).toBe('preparing');
    isCurrent = true;
    await trainer.expire(place.runId);
    const [row] = await database.query(
      'system',
      'SELECT state, preemptions, failed_attempts FROM training_run WHERE id = $1',
      [place.runId],
    );
    expect(row).toEqual({ state: 'queued', preemptions: 1, failed_attempts: 0 });
  });
});

describe('a cancelled start that waits for its machine', () => {
  it('is taken for ended only when its host has been silent for long', async () => {
    const place = aPlace();
    await trainer.request(place);
    await trainer.start(place.runId);
    await set(place.runId, 'claim_until = NULL');
    await trainer.cancel(place);
    await trainer.expire(place.runId);
    expect(await trainer.stateOf(place.runId)).toBe('cancelling');
    await set(place.runId, `updated_at = now() - interval '2 minutes'`);
    await trainer.expire(place.runId);
    expect(await trainer.stateOf(place.runId)).toBe('cancelled');
  });
});
