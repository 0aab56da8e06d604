import { readBootstrapEnv, readEnv, readMigrationEnv } from './env';

const complete = {
  DATABASE_URL: 'postgres://attune_models:p%40ss@127.0.0.1:5432/attune',
  NATS_URL: 'nats://127.0.0.1:4222',
  PORT: '8080',
  API_KEY_PEPPER: 'p'.repeat(32),
  SECRETS_KEY: 'k'.repeat(32),
  STT_URL: 'http://127.0.0.1:9000',
  STT_INTERNAL_TOKEN: 't'.repeat(16),
  STORE_KIND: 'filesystem',
  STORE_DIRECTORY: '/store',
  STORE_SIGNING_SECRET: 's'.repeat(32),
  STORE_INTERNAL_URL: 'http://127.0.0.1:9001/store',
};

describe('the environment', () => {
  it('says 2 GiB of audio and 1 MiB of transcript when nothing else is said', () => {
    expect(readEnv(complete)).toMatchObject({ uploads: { audioBytes: 2 ** 31, transcriptBytes: 2 ** 20 }, port: 8080 });
  });

  it('lets webhooks go nowhere private when nothing else is said', () => {
    expect(readEnv(complete).webhooks).toEqual({ allowPrivate: false, dnsServers: [] });
    const open = { ...complete, WEBHOOKS_ALLOW_PRIVATE: 'true', WEBHOOKS_DNS_SERVERS: '127.0.0.1:53,9.9.9.9' };
    expect(readEnv(open).webhooks).toEqual({ allowPrivate: true, dnsServers: ['127.0.0.1:53', '9.9.9.9'] });
  });

  it('serves metrics only where a port is named for them', () => {
    expect(readEnv(complete).metrics).toBe(false);
    const named = readEnv({ ...complete, HOST: '0.0.0.0', METRICS_PORT: '9090' });
    expect(named.metrics).toEqual({ host: '0.0.0.0', port: 9090 });
  });

  it('is refused with every problem at once', () => {
    const read = () => readEnv({ ...complete, PORT: 'x', API_KEY_PEPPER: 'short', STORE_KIND: 'tape' });
    expect(read).toThrow(/PORT[\s\S]*API_KEY_PEPPER[\s\S]*STORE_KIND/);
  });

  it('tells the migrations the password that the service logs in with', () => {
    const env = readMigrationEnv({ ...complete, DATABASE_OWNER_URL: 'postgres://owner:x@127.0.0.1/attune' });
    expect(env).toMatchObject({ serviceRole: 'attune_models', servicePassword: 'p@ss' });
    const wrong = { ...complete, DATABASE_OWNER_URL: 'postgres://o@h/d', DATABASE_URL: 'postgres://other@h/d' };
    expect(() => readMigrationEnv(wrong)).toThrow(/attune_models[\s\S]*password/);
  });

  it('leaves the minimum of the first organization to its plan when none is given', () => {
    const env = { ...complete, BOOTSTRAP_KEY_FILE: '/key' };
    expect(readBootstrapEnv(env).minimumTrainingMs).toBeNull();
    expect(readBootstrapEnv({ ...env, BOOTSTRAP_MINIMUM_TRAINING_MS: '60000' }).minimumTrainingMs).toBe(60_000);
  });
});
