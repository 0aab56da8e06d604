import { createHash } from 'node:crypto';
import type { ObjectStore } from '@attune/storage';
import { damagedManifest } from './run.errors';

/** The bytes of a small object, if they have the digest they should have. Throws for others, and above `maxBytes`. */
export async function readVerified(store: ObjectStore, key: string, sha256: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of await store.get(key)) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes) throw damagedManifest(key);
  }
  const body = Buffer.concat(chunks);
  if (`sha256:${createHash('sha256').update(body).digest('hex')}` !== sha256) throw damagedManifest(key);
  return body;
}
