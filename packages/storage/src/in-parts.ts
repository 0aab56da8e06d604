import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { StoredObject } from './object-store';
import { ObjectDigestMismatch } from './object-store.errors';

/** Counts and hashes bytes as they pass. */
export class Meter {
  private readonly hash = createHash('sha256');
  private bytes = 0;

  constructor(
    private readonly key: string,
    private readonly expectedSha256?: string,
  ) {}

  add(chunk: Uint8Array): void {
    this.hash.update(chunk);
    this.bytes += chunk.length;
  }

  /** Ends the measurement; call once, before the object gets its name. Throws ObjectDigestMismatch. */
  result(): StoredObject {
    const sha256 = `sha256:${this.hash.digest('hex')}`;
    if (this.expectedSha256 !== undefined && this.expectedSha256 !== sha256) {
      throw new ObjectDigestMismatch(this.key, this.expectedSha256, sha256);
    }
    return { bytes: this.bytes, sha256 };
  }
}

/**
 * Cuts a stream into parts of `partBytes`, the last one shorter (an empty stream gives one empty part). Each part is its own
 * buffer, so that one can travel while the next fills. Throws the stream's error, also when it was destroyed without one.
 */
export async function* inParts(body: Readable, partBytes: number, meter: Meter): AsyncGenerator<Buffer, void> {
  let part = Buffer.allocUnsafe(partBytes);
  let filled = 0;
  let parts = 0;
  for await (const piece of body as AsyncIterable<Buffer | string>) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
    meter.add(chunk);
    for (let at = 0; at < chunk.length;) {
      const copied = chunk.copy(part, filled, at);
      at += copied;
      filled += copied;
      if (filled === partBytes) {
        yield part;
        parts += 1;
        part = Buffer.allocUnsafe(partBytes);
        filled = 0;
      }
    }
  }
  if (filled > 0 || parts === 0) yield part.subarray(0, filled);
}
