import type { Readable } from 'node:stream';
import { delay } from '@attune/kernel';
import { uploadAborted } from '../data-items/upload.errors';

/** What of a body is read and thrown away after a refusal, so that its client gets to see why. */
const DISCARD_BYTES = 8 * 1024 * 1024;
const DISCARD_MS = 2000;

/**
 * Cuts a stream into parts of `partBytes`, one in memory at a time. A stream that fails gives what had come of it as a last,
 * shorter part, and then fails: what a client has sent is not to be sent again.
 */
export async function* partsOf(source: Readable, partBytes: number): AsyncGenerator<Buffer, void> {
  const chunks = (source as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let isOver = false;
  try {
    const pieces: Buffer[] = [];
    let bytes = 0;
    let isBroken = false;
    while (!isOver) {
      const next = await chunks.next().catch(() => {
        isBroken = true;
        return { done: true as const, value: undefined };
      });
      isOver = next.done === true;
      for (let chunk = next.value ?? EMPTY; chunk.length > 0;) {
        const piece = chunk.subarray(0, partBytes - bytes);
        pieces.push(piece);
        bytes += piece.length;
        chunk = chunk.subarray(piece.length);
        if (bytes < partBytes) continue;
        yield Buffer.concat(pieces.splice(0));
        bytes = 0;
      }
    }
    if (bytes > 0) yield Buffer.concat(pieces);
    if (isBroken) throw uploadAborted();
  } finally {
    if (!isOver) await discard(chunks);
  }
}

const EMPTY = Buffer.alloc(0);

async function discard(chunks: AsyncIterator<Buffer>): Promise<void> {
  const enough = new AbortController();
  const timeout = delay(DISCARD_MS, enough.signal).then(() => null);
  for (let bytes = 0; bytes < DISCARD_BYTES;) {
    const next = await Promise.race([chunks.next().catch(() => null), timeout]);
    if (next === null || next.done === true) break;
    bytes += next.value.length;
  }
  enough.abort();
}
