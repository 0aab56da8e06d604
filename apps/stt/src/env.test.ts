import { readEnv } from './env';

const complete = {
  NATS_URL: 'nats://127.0.0.1:4222',
  STORE_KIND: 'filesystem',
  STORE_DIRECTORY: '/store',
  STORE_SIGNING_SECRET: 's'.repeat(32),
  STORE_INTERNAL_URL: 'http://127.0.0.1:8083',
  STT_INTERNAL_TOKEN: 't'.repeat(16),
  STT_ENGINES: '{"whisper":["/engine"]}',
  STT_WORK_DIRECTORY: '/work',
  STT_CACHE_DIRECTORY: '/cache',
};

describe('the environment', () => {
  it('is read into what the service works with', () => {
    expect(readEnv(complete)).toMatchObject({
      engines: { commands: { whisper: ['/engine'] } },
      store: { kind: 'filesystem' },
    });
  });

  it('is refused with every problem at once, never the first alone', () => {
    expect(() => readEnv({ PORT: 'many' })).toThrow(
      new RegExp('PORT.*NATS_URL.*STT_INTERNAL_TOKEN.*STT_ENGINES.*STT_WORK_DIRECTORY.*STORE_KIND', 's'),
    );
  });
});
