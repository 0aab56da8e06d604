import { parseStoreEnv } from './config';

describe('parseStoreEnv', () => {
  test('reads a filesystem store', () => {
    const env = {
      STORE_KIND: 'filesystem',
      STORE_DIRECTORY: '/var/lib/attune/objects',
      STORE_SIGNING_SECRET: 's'.repeat(32),
      STORE_INTERNAL_URL: 'http://127.0.0.1:4100/store/',
    };
    expect(parseStoreEnv(env)).toEqual({
      config: {
        kind: 'filesystem',
        directory: '/var/lib/attune/objects',
        signingSecret: 's'.repeat(32),
        publicBaseUrl: 'http://127.0.0.1:4100/store',
      },
    });
  });

  test('reads an S3 store, its region us-east-1 unless named', () => {
    const env = {
      STORE_KIND: 's3',
      S3_ENDPOINT: 'https://s3.example.org',
      S3_BUCKET: 'attune',
      S3_ACCESS_KEY: 'a',
      S3_SECRET_KEY: 'b',
    };
    const config = { kind: 's3', endpoint: 'https://s3.example.org', bucket: 'attune', accessKey: 'a', secretKey: 'b' };
    expect(parseStoreEnv(env)).toEqual({ config: { ...config, region: 'us-east-1' } });
    expect(parseStoreEnv({ ...env, S3_REGION: 'eu-west-1' })).toEqual({ config: { ...config, region: 'eu-west-1' } });
  });

  test('reports every problem at once', () => {
    const names = (env: Parameters<typeof parseStoreEnv>[0]): string[] => {
      const parsed = parseStoreEnv(env);
      return 'problems' in parsed ? parsed.problems.map((problem) => problem.name) : [];
    };
    expect(names({})).toEqual(['STORE_KIND']);
    expect(names({ STORE_KIND: 'filesystem', STORE_DIRECTORY: 'relative', STORE_SIGNING_SECRET: 'short' })).toEqual([
      'STORE_DIRECTORY',
      'STORE_SIGNING_SECRET',
      'STORE_INTERNAL_URL',
    ]);
    expect(names({ STORE_KIND: 's3', S3_ENDPOINT: 'ftp://x', S3_BUCKET: 'No' })).toEqual([
      'S3_ENDPOINT',
      'S3_BUCKET',
      'S3_ACCESS_KEY',
      'S3_SECRET_KEY',
    ]);
  });
});
