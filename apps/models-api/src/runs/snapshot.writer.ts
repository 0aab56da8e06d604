import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { SnapshotItem } from '@attune/events';
import { OBJECT_STORE } from '@attune/service';
import { snapshotKey, type ObjectStore, type RunPlace } from '@attune/storage';

/** Writes a run's frozen data into the store: JSON lines ordered by item id, streamed, any number of items. */
@Injectable()
export class SnapshotWriter {
  constructor(@Inject(OBJECT_STORE) private readonly store: ObjectStore) {}

  async write(place: RunPlace, items: AsyncIterable<SnapshotItem>): Promise<{ key: string; sha256: string }> {
    const key = snapshotKey(place);
    const { sha256 } = await this.store.put(key, Readable.from(toLines(items)), {
      contentType: 'application/x-ndjson',
    });
    return { key, sha256 };
  }

  async remove(place: RunPlace): Promise<void> {
    await this.store.delete(snapshotKey(place));
  }
}

const LINES_PER_CHUNK = 256;

/** Few large chunks instead of one small one for each item. */
async function* toLines(items: AsyncIterable<SnapshotItem>): AsyncGenerator<Buffer> {
  let lines: string[] = [];
  for await (const item of items) {
    lines.push(`${JSON.stringify(item)}\n`);
    if (lines.length < LINES_PER_CHUNK) continue;
    yield Buffer.from(lines.join(''));
    lines = [];
  }
  yield Buffer.from(lines.join(''));
}
