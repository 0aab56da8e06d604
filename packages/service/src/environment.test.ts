import { z } from 'zod';
import {
  enginePrograms,
  readEnvironment,
  readEnvironmentWithStore,
  readMigrationEnvironment,
  serviceShape,
  toServiceSettings,
} from './environment';

const complete = {
  DATABASE_URL: 'postgres://attune_things:p%40ss@127.0.0.1/attune',
  NATS_URL: 'nats://127.0.0.1:4222',
  STORE_KIND: 'filesystem',
  STORE_DIRECTORY: '/store',
  STORE_SIGNING_SECRET: 's'.repeat(32),
  STORE_INTERNAL_URL: 'http://127.0.0.1:8083',
};

/** The lines of the error that `read` throws. */
function refusal(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    return (error as Error).message.split('\n').map((line) => line.trim());
  }
  throw new Error('nothing was refused');
}

describe('the environment of a service', () => {
  it('is read into what the service works with, defaults filled in', () => {
    const { env, store } = readEnvironmentWithStore(serviceShape(8080), complete);
    expect(toServiceSettings(env, store)).toMatchObject({
      databaseUrl: complete.DATABASE_URL,
      natsUrl: complete.NATS_URL,
      natsReplicas: 1,
      store: { kind: 'filesystem', directory: '/store' },
      host: '127.0.0.1',
      port: 8080,
      logLevel: 'info',
    });
  });

  it('is refused with every problem at once, the store among them, each under its name', () => {
    const wrong = { NATS_URL: 'here', PORT: '70000', LOG_LEVEL: 'loud', OWN: '', STORE_KIND: 's3', S3_ENDPOINT: 'x' };
    const shape = { ...serviceShape(8080), OWN: z.string().min(1) };
    const [title, ...problems] = refusal(() => readEnvironmentWithStore(shape, wrong));
    expect(title).toBe('the environment is not right:');
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'DATABASE_URL',
      'NATS_URL',
      'PORT',
      'LOG_LEVEL',
      'OWN',
      'S3_ENDPOINT',
      'S3_BUCKET',
      'S3_ACCESS_KEY',
      'S3_SECRET_KEY',
    ]);
  });

  it('names the problems of the store even when there is no other', () => {
    const read = () => readEnvironmentWithStore(serviceShape(8080), { ...complete, STORE_DIRECTORY: 'store' });
    expect(refusal(read)).toEqual(['the environment is not right:', 'STORE_DIRECTORY: must be an absolute path']);
  });

  it('says how engine programs are written when they are no JSON', () => {
    expect(readEnvironment({ ENGINES: enginePrograms }, { ENGINES: '{"whisper":["/engine"]}' })).toEqual({
      ENGINES: { whisper: ['/engine'] },
    });
    const read = () => readEnvironment({ ENGINES: enginePrograms }, { ENGINES: '/engine' });
    expect(refusal(read)[1]).toContain('ENGINES: must be JSON: {"<engine>"');
  });
});

describe('the environment of migrations', () => {
  const owner = 'postgres://owner:o@127.0.0.1/attune';
  const read = (DATABASE_URL: string) => () =>
    readMigrationEnvironment('attune_things', { DATABASE_OWNER_URL: owner, DATABASE_URL });

  it('has the role and the decoded password with which the service logs in', () => {
    expect(read(complete.DATABASE_URL)()).toEqual({
      ownerUrl: owner,
      serviceRole: 'attune_things',
      servicePassword: 'p@ss',
    });
  });

  it('is refused when the service would log in as somebody else or without a password, both said at once', () => {
    expect(refusal(read('postgres://owner@127.0.0.1/attune'))).toEqual([
      'the environment is not right:',
      'DATABASE_URL: must log in as attune_things',
      'DATABASE_URL: must have a password',
    ]);
  });
});
