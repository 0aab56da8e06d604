import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { partsOf } from './parts';

async function cut(chunks: readonly number[], partBytes: number, failing: boolean) {
  const source = Readable.from(
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream is read asynchronously
    (async function* () {
      let next = 0;
      for (const length of chunks) yield Buffer.from(Array.from({ length }, () => next++ % 256));
      if (failing) throw new Error('the client went away');
    })(),
    { objectMode: false },
  );
  const parts: Buffer[] = [];
  try {
    for await (const part of partsOf(source, partBytes)) parts.push(part);
    return { parts, failed: false };
  } catch {
    return { parts, failed: true };
  }
}

describe('a stream cut into parts', () => {
  it('loses and repeats no byte, however its chunks fall and wherever it breaks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(40), { maxLength: 12 }),
        fc.integer({ min: 1, max: 50 }),
        fc.boolean(),
        async (chunks, size, failing) => {
          const { parts, failed } = await cut(chunks, size, failing);
          const total = chunks.reduce((sum, length) => sum + length, 0);
          expect(Buffer.concat(parts)).toEqual(Buffer.from(Array.from({ length: total }, (_, i) => i % 256)));
          expect(parts.slice(0, -1).every(({ length }) => length === size)).toBe(true);
          expect(failed).toBe(failing);
        },
      ),
      { numRuns: 500 },
    );
  });
});
