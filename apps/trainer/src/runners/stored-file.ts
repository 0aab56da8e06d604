import { createHash } from 'node:crypto';
import type { ObjectStore } from '@attune/storage';

/** An object as it really lies in the store. */
export interface ReadObject {
  bytes: number;
  sha256: string;
  /** The first bytes, for a look at what it is. */
  head: Buffer;
}

const HEAD_BYTES = 16;

/** Streams an object and measures it. Throws ObjectNotFound. */
export async function measure(store: ObjectStore, key: string): Promise<ReadObject> {
  const hash = createHash('sha256');
  let bytes = 0;
  let head = Buffer.alloc(0);
  for await (const chunk of (await store.get(key)) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
    if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk]).subarray(0, HEAD_BYTES);
  }
  return { bytes, sha256: `sha256:${hash.digest('hex')}`, head };
}

/** The whole of a small object. Throws ObjectNotFound, and an Error above `maxBytes`. */
export async function readSmall(store: ObjectStore, key: string, maxBytes: number): Promise<Buffer> {
  const { bytes } = await store.stat(key);
  if (bytes > maxBytes) throw new Error(`${key} has ${String(bytes)} bytes, more than ${String(maxBytes)}`);
  const chunks: Buffer[] = [];
  for await (const chunk of (await store.get(key)) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
