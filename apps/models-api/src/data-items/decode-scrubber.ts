import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { ItemId } from '@attune/kernel';
import { OBJECT_STORE } from '@attune/service';
import {
  baseDecodesKey,
  customDecodesKey,
  linesOf,
  ObjectNotFound,
  type EpochPlace,
  type ObjectStore,
} from '@attune/storage';

/**
 * Takes an item out of what finished runs wrote down about it: the decodes of their test sets hold its transcript. Nobody
 * reads them by digest any more once the run has its verdict.
 */
@Injectable()
export class DecodeScrubber {
  constructor(@Inject(OBJECT_STORE) private readonly store: ObjectStore) {}

  async scrub(epoch: EpochPlace, itemId: ItemId): Promise<void> {
    for (const key of [baseDecodesKey(epoch), customDecodesKey(epoch)]) {
      if (!(await this.mentions(key, itemId))) continue;
      await this.store.put(key, Readable.from(this.linesWithout(key, itemId)), { contentType: 'application/x-ndjson' });
    }
  }

  private async mentions(key: string, itemId: ItemId): Promise<boolean> {
    try {
      for await (const line of linesOf(this.store, key)) if (isOf(line, itemId)) return true;
      return false;
    } catch (error) {
      if (error instanceof ObjectNotFound) return false;
      throw error;
    }
  }

  private async *linesWithout(key: string, itemId: ItemId): AsyncGenerator<Buffer> {
    for await (const line of linesOf(this.store, key)) if (!isOf(line, itemId)) yield Buffer.from(`${line}\n`);
  }
}

function isOf(line: string, itemId: ItemId): boolean {
  // Parsing every line of a large test set would cost more than reading it.
  return line.includes(itemId) && (JSON.parse(line) as { item_id?: unknown }).item_id === itemId;
}
