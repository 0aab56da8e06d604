import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Meter } from './in-parts';
import type { ObjectStore } from './object-store';

/** Longer lines are no line of ours; what reads them holds one line at a time. */
const MAX_LINE_BYTES = 1024 * 1024;

/** The object's bytes, failing at their end with ObjectDigestMismatch unless they have this `sha256:<hex>`. Throws ObjectNotFound. */
export async function getVerified(store: ObjectStore, key: string, sha256: string): Promise<Readable> {
  const meter = new Meter(key, sha256);
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      meter.add(chunk);
      done(null, chunk);
    },
    flush(done) {
      try {
        meter.result();
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  // Its rejection is the stream's own error, which whoever reads the stream gets.
  pipeline(await store.get(key), checked).catch(() => undefined);
  return checked;
}

/**
 * The lines of an object (JSON lines), one at a time in memory; the last one needs no line end and empty ones are left out. Whether the
 * digest is right is known at the end only: keep no effect of a line before the iteration has ended. Throws as getVerified, and a
 * RangeError for a line over 1 MiB.
 */
export async function* verifiedLines(store: ObjectStore, key: string, sha256: string): AsyncGenerator<string, void> {
  yield* cutIntoLines(key, await getVerified(store, key, sha256));
}

/** The lines of an object as verifiedLines gives them, without asking what they should be. Throws ObjectNotFound. */
export async function* linesOf(store: ObjectStore, key: string): AsyncGenerator<string, void> {
  yield* cutIntoLines(key, await store.get(key));
}

async function* cutIntoLines(key: string, source: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  let kept: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    let from = 0;
    for (let at = kept.indexOf(10); at !== -1; at = kept.indexOf(10, from)) {
      if (at > from) yield kept.toString('utf8', from, at);
      from = at + 1;
    }
    kept = kept.subarray(from);
    if (kept.length > MAX_LINE_BYTES) throw new RangeError(`a line of ${key} is longer than 1 MiB`);
  }
  if (kept.length > 0) yield kept.toString('utf8');
}
