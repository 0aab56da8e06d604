import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { delay, messageOf } from '@attune/kernel';
import type { SignedWrite } from '../runner-protocol/protocol';

const ATTEMPTS = 4;
const FIRST_RETRY_MS = 200;
/** Heartbeats keep the lease meanwhile, so nobody else would end an upload that hangs. */
const UPLOAD_IDLE_MS = 120_000;

/** Bytes that are not what they should be. */
export class WrongContent extends Error {
  constructor(path: string, found: string, expected: string) {
    super(`${path} is ${found} instead of ${expected}`);
    this.name = 'WrongContent';
  }
}

/**
 * Downloads an object to a file: written beside and renamed once its sha256 is right, so the file is whole or absent. Tries again a few times.
 * `url` is asked for at each try, because a signed URL may have expired. Throws WrongContent, or the last error.
 */
export async function download(
  url: () => Promise<string>,
  path: string,
  sha256: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await retrying(signal, async () => {
    const half = `${path}.half`;
    try {
      const response = await fetch(await url(), { signal });
      if (!response.ok || !response.body) throw new Error(`download: ${String(response.status)}`);
      const meter = new HashingTransform();
      await pipeline(Readable.fromWeb(response.body), meter, createWriteStream(half), { signal });
      const found = meter.digest();
      if (found !== sha256) throw new WrongContent(path, found, sha256);
      await rename(half, path);
    } finally {
      await rm(half, { force: true });
    }
  });
}

/**
 * Uploads a file to a write-once URL. An object that is there already counts as uploaded: only this start can have written it, in an earlier
 * try whose answer was lost, and the trainer verifies every byte anyway. A try in which nothing moves for `idleMs` is over.
 */
export async function upload(
  path: string,
  write: () => Promise<SignedWrite>,
  signal: AbortSignal,
  idleMs = UPLOAD_IDLE_MS,
): Promise<void> {
  const { size } = await stat(path);
  await retrying(signal, async () => {
    const { url, headers } = await write();
    const status = await put(url, { ...headers, 'content-length': String(size) }, path, signal, idleMs);
    if (status !== 412 && (status < 200 || status >= 300)) throw new Error(`upload: ${String(status)}`);
  });
}

/** The sha256 and size of a file. */
export async function measureFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: `sha256:${hash.digest('hex')}` };
}

/** fetch cannot send a stream of known length, which stores ask for. */
function put(
  url: string,
  headers: Record<string, string>,
  path: string,
  signal: AbortSignal,
  idleMs: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url, { method: 'PUT', headers, signal, timeout: idleMs }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.once('error', reject);
    });
    request.once('error', reject);
    request.once('timeout', () => request.destroy(new Error(`upload: the store was silent for ${String(idleMs)} ms`)));
    pipeline(createReadStream(path), request).catch(reject);
  });
}

async function retrying(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (signal.aborted || attempt === ATTEMPTS) throw error instanceof Error ? error : new Error(messageOf(error));
      await delay(FIRST_RETRY_MS * 4 ** (attempt - 1), signal);
    }
  }
}

class HashingTransform extends Transform {
  private readonly hash = createHash('sha256');

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.hash.update(chunk);
    done(null, chunk);
  }

  digest(): string {
    return `sha256:${this.hash.digest('hex')}`;
  }
}
