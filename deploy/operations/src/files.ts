import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A file as the backup's lists name it. */
export interface Written {
  bytes: number;
  /** `sha256:<64 hex>` */
  sha256: string;
}

/** Counts and digests what passes through. */
export class Meter extends Transform {
  private readonly hash = createHash('sha256');
  private bytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  /** Once everything has passed. */
  result(): Written {
    return { bytes: this.bytes, sha256: `sha256:${this.hash.digest('hex')}` };
  }
}

/** Writes a file that has its name only when it is whole and on the disk. */
export async function writeWhole(path: string, content: Readable, ...through: Transform[]): Promise<Written> {
  const unfinished = `${path}.partial`;
  const meter = new Meter();
  try {
    await pipeline([content, ...through, meter, createWriteStream(unfinished, { mode: 0o600, flush: true })]);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await rename(unfinished, path);
  return meter.result();
}

/** Throws when the file is not the one that was written. */
export async function checkWhole(path: string, expected: Written): Promise<void> {
  const meter = new Meter();
  meter.resume();
  await pipeline(createReadStream(path), meter);
  const found = meter.result();
  if (found.sha256 !== expected.sha256) throw new Error(`${path} is damaged: it has ${found.sha256}`);
}
