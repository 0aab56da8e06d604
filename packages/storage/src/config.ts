/** Where a service finds the object store. */
export type StoreConfig = FilesystemStoreConfig | S3StoreConfig;

export interface FilesystemStoreConfig {
  kind: 'filesystem';
  /** Absolute; shared by every service of the host. */
  directory: string;
  /** Key of the HMAC in signed URLs: the same in every service, at least 32 characters. */
  signingSecret: string;
  /** Where filesystemStoreHandler answers, without a slash at the end: the trainer's internal listener. */
  publicBaseUrl: string;
}

export interface S3StoreConfig {
  kind: 's3';
  /** `http://host:port` or `https://host`: also what signed URLs begin with, so runners must reach it. */
  endpoint: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
  region: string;
}

/** The environment variables of a StoreConfig, the same in every service. */
export interface StoreEnv {
  STORE_KIND?: string | undefined;
  STORE_DIRECTORY?: string | undefined;
  STORE_SIGNING_SECRET?: string | undefined;
  STORE_INTERNAL_URL?: string | undefined;
  S3_ENDPOINT?: string | undefined;
  S3_BUCKET?: string | undefined;
  S3_ACCESS_KEY?: string | undefined;
  S3_SECRET_KEY?: string | undefined;
  S3_REGION?: string | undefined;
}

export interface StoreEnvProblem {
  name: keyof StoreEnv;
  message: string;
}

const MIN_SECRET_LENGTH = 32;

/** Reads a StoreConfig out of environment strings; answers every problem at once instead of a config when there is one. */
export function parseStoreEnv(env: StoreEnv): { config: StoreConfig } | { problems: StoreEnvProblem[] } {
  const problems: StoreEnvProblem[] = [];
  const read = (name: keyof StoreEnv, check: (value: string) => string | null): string => {
    const value = env[name] ?? '';
    const message = value === '' ? `is required when STORE_KIND is ${env.STORE_KIND ?? 'not set'}` : check(value);
    if (message !== null) problems.push({ name, message });
    return value;
  };
  const config = storeConfigOf(env.STORE_KIND, env.S3_REGION, read);
  if (config === null) problems.push({ name: 'STORE_KIND', message: 'must be filesystem or s3' });
  return config === null || problems.length > 0 ? { problems } : { config };
}

function storeConfigOf(
  kind: string | undefined,
  region: string | undefined,
  read: (name: keyof StoreEnv, check: (value: string) => string | null) => string,
): StoreConfig | null {
  if (kind === 'filesystem') {
    return {
      kind,
      directory: read('STORE_DIRECTORY', (value) => (value.startsWith('/') ? null : 'must be an absolute path')),
      signingSecret: read('STORE_SIGNING_SECRET', (value) =>
        value.length >= MIN_SECRET_LENGTH ? null : `must have at least ${String(MIN_SECRET_LENGTH)} characters`,
      ),
      publicBaseUrl: read('STORE_INTERNAL_URL', httpUrlProblem).replace(/\/+$/, ''),
    };
  }
  if (kind === 's3') {
    return {
      kind,
      endpoint: read('S3_ENDPOINT', httpUrlProblem),
      bucket: read('S3_BUCKET', (value) =>
        /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value) ? null : 'must be an S3 bucket name (3 to 63 of a-z 0-9 . -)',
      ),
      accessKey: read('S3_ACCESS_KEY', () => null),
      secretKey: read('S3_SECRET_KEY', () => null),
      region: region === undefined || region === '' ? 'us-east-1' : region,
    };
  }
  return null;
}

function httpUrlProblem(value: string): string | null {
  const ok = URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol);
  return ok ? null : 'must be an http:// or https:// URL';
}
