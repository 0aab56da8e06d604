import type { Readable } from 'node:stream';
import type { AppError } from '@attune/kernel';

/** Passes bytes on, and into `keep`, until there are more than `limitBytes`; then fails with `error`. */
export async function* limited(
  source: Readable,
  limitBytes: number,
  error: AppError,
  keep: Buffer[] | null,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw error;
    keep?.push(chunk);
    yield chunk;
  }
}
