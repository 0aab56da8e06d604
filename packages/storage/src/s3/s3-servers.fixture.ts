import type { S3StoreConfig } from '../config';

type S3Server = Omit<S3StoreConfig, 'kind' | 'bucket'>;

/** temporary */
export function s3ServersForTests(): [string, S3Server][] {
  const { TEST_S3_ENDPOINT } = process.env;
  if (TEST_S3_ENDPOINT === undefined) return [];
  return [['named', { endpoint: TEST_S3_ENDPOINT, accessKey: 'test', secretKey: 'testsecret', region: 'us-east-1' }]];
}
