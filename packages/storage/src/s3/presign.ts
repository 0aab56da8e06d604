import { createHash, createHmac } from 'node:crypto';
import type { S3StoreConfig } from '../config';

export interface PresignRequest {
  method: 'GET' | 'PUT';
  key: string;
  /** 1 to 604,800, S3's own bound. */
  ttlSeconds: number;
  /** Lower-case names. Whoever uses the URL must send them unchanged. */
  headers?: Record<string, string>;
}

const MAX_TTL_SECONDS = 604_800;

/**
 * A presigned URL by AWS Signature Version 4 (docs.aws.amazon.com, "Authenticating requests: using query parameters"). The minio
 * client signs no header but `host`; ours signs `if-none-match` too, so that a write-once URL stays one in the wrong hands.
 */
export function presign(config: S3StoreConfig, request: PresignRequest, now: Date): string {
  if (!Number.isInteger(request.ttlSeconds) || request.ttlSeconds < 1 || request.ttlSeconds > MAX_TTL_SECONDS) {
    throw new RangeError(`a signed URL lives 1 to ${String(MAX_TTL_SECONDS)} s, not ${String(request.ttlSeconds)}`);
  }
  const endpoint = new URL(config.endpoint);
  const path = `/${config.bucket}/${request.key.split('/').map(encode).join('/')}`;
  const headers = new Map(Object.entries({ ...request.headers, host: endpoint.host }).sort(byName));
  const signedHeaders = [...headers.keys()].join(';');

  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const scope = `${day}/${config.region}/s3/aws4_request`;
  const query = Object.entries({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${config.accessKey}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(request.ttlSeconds),
    'X-Amz-SignedHeaders': signedHeaders,
  })
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');

  const canonicalHeaders = [...headers].map(([name, value]) => `${name}:${value}\n`).join('');
  const canonical = [request.method, path, query, canonicalHeaders, signedHeaders, 'UNSIGNED-PAYLOAD'].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const signingKey = [day, config.region, 's3', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${config.secretKey}`,
  );
  const signature = hmac(signingKey, toSign).toString('hex');
  return `${endpoint.origin}${path}?${query}&X-Amz-Signature=${signature}`;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** RFC 3986: all but the unreserved characters. encodeURIComponent leaves five more as they are. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1;
}
