import { readEnv, readMigrationEnv } from './env';

const complete = {
  NATS_URL: 'nats://127.0.0.1:4222',
  STORE_KIND: 'filesystem',
  STORE_DIRECTORY: '/store',
  STORE_SIGNING_SECRET: 's'.repeat(32),
  STORE_INTERNAL_URL: 'http://127.0.0.1:8083',
  DATABASE_URL: 'postgres://attune_billing:p%40ss@127.0.0.1/attune',
};

describe('the environment', () => {
  it('is read into what the service works with', () => {
    expect(readEnv(complete)).toMatchObject({ host: '127.0.0.1', store: { kind: 'filesystem' } });
  });

  it('is refused with every problem at once, never the first alone', () => {
    expect(() => readEnv({ PORT: 'many' })).toThrow(new RegExp('DATABASE_URL.*NATS_URL.*PORT.*STORE_KIND', 's'));
  });

  it('gives migrations the role and the password with which the service logs in', () => {
    const owner = 'postgres://owner:o@127.0.0.1/attune';
    const migration = readMigrationEnv({ DATABASE_OWNER_URL: owner, DATABASE_URL: complete.DATABASE_URL });
    expect(migration).toEqual({ ownerUrl: owner, serviceRole: 'attune_billing', servicePassword: 'p@ss' });
    expect(() => readMigrationEnv({ DATABASE_OWNER_URL: owner, DATABASE_URL: owner })).toThrow('attune_billing');
  });
});
