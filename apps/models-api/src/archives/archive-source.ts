import { Readable, Transform } from 'node:stream';
import { RandomAccessReader } from 'yauzl';
import type { ObjectStore } from '@attune/storage';

const BLOCK_BYTES = 1024 * 1024;

/**
 * An object of the store for who reads here and there in it: a zip's directory stands at its end, in thousands of small
 * pieces. Those are read from blocks of 1 MiB, one of which is kept; members are streamed.
 */
export class StoredZip extends RandomAccessReader {
  private block: { start: number; content: Buffer } | null = null;

  constructor(
    private readonly store: ObjectStore,
    private readonly key: string,
    private readonly bytes: number,
  ) {
    super();
  }

  override _readStreamForRange(start: number, end: number): Readable {
    if (end <= start) return Readable.from([]);
    const through = new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) });
    this.store.get(this.key, { range: { start, end: end - 1 } }).then(
      (source) => {
        // Whoever wanted it may be gone by now.
        if (through.destroyed) source.destroy();
        source.on('error', (error) => through.destroy(error));
        through.on('close', () => source.destroy());
        source.pipe(through);
      },
      (error: unknown) => through.destroy(error instanceof Error ? error : new Error(String(error))),
    );
    return through;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    this.fill(buffer, offset, length, position).then(
      () => done(null),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  }

  private async fill(buffer: Buffer, offset: number, length: number, position: number): Promise<void> {
    if (position < 0 || position + length > this.bytes) throw new RangeError('unexpected end of the archive');
    for (let filled = 0; filled < length;) {
      const { start, content } = await this.blockAt(position + filled);
      filled += content.copy(buffer, offset + filled, position + filled - start, position + length - start);
    }
  }

  private async blockAt(position: number): Promise<{ start: number; content: Buffer }> {
    const start = position - (position % BLOCK_BYTES);
    if (this.block?.start !== start) {
      const end = Math.min(start + BLOCK_BYTES, this.bytes) - 1;
      const chunks: Buffer[] = [];
      for await (const chunk of await this.store.get(this.key, { range: { start, end } })) chunks.push(chunk as Buffer);
      this.block = { start, content: Buffer.concat(chunks) };
    }
    return this.block;
  }
}
