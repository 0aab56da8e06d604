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
  const chunks = (source as AsyncIterable<Buffer, undefined>)[Symbol.asyncIterator]();
  const state = { isOver: false, isBroken: false };
  const next = async (): Promise<Buffer> => {
    const result = await chunks.next().catch(() => {
      state.isBroken = true;
      return OVER;
    });
    state.isOver = result.done === true;
    return result.value ?? EMPTY;
  };
  try {
    const pieces: Buffer[] = [];
    let bytes = 0;
    while (!state.isOver) {
      for (let chunk = await next(); chunk.length > 0;) {
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
    if (state.isBroken) throw uploadAborted();
  } finally {
    if (!state.isOver) await discard(chunks);
  }
}

const OVER: IteratorResult<Buffer, undefined> = { done: true, value: undefined };
const EMPTY = Buffer.alloc(0);

async function discard(chunks: AsyncIterator<Buffer, undefined>): Promise<void> {
  const enough = new AbortController();
  const timeout = delay(DISCARD_MS, enough.signal).then(() => null);
  for (let bytes = 0; bytes < DISCARD_BYTES;) {
    const next = await Promise.race([chunks.next().catch(() => null), timeout]);
    if (next === null || next.done === true) break;
    bytes += next.value.length;
  }
  enough.abort();
}
