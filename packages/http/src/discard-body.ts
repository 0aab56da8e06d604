import type { IncomingMessage } from 'node:http';

const DISCARD_BYTES = 8 * 1024 * 1024;
const DISCARD_MS = 2000;

/**
 * Reads what is still coming and keeps nothing, at most 8 MiB and two seconds: a client that is refused while it sends gets
 * to see the refusal instead of a broken connection.
 */
export function discardBody(raw: IncomingMessage): Promise<void> {
  raw.unpipe();
  if (raw.readableEnded || raw.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const done = (): void => {
      clearTimeout(timer);
      raw.off('data', count);
      raw.pause();
      resolve();
    };
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > DISCARD_BYTES) done();
    };
    const timer = setTimeout(done, DISCARD_MS);
    raw.on('data', count).once('end', done).once('close', done).once('error', done);
    raw.resume();
  });
}
