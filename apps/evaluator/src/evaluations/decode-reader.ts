import { Inject, Injectable } from '@nestjs/common';
import { decodedItem, type DecodedItem } from '@attune/events';
import type { ItemId } from '@attune/kernel';
import { scoreItem } from '@attune/scoring';
import { OBJECT_STORE } from '@attune/service';
import { ObjectDigestMismatch, ObjectNotFound, verifiedLines, type ObjectStore } from '@attune/storage';
import type { ItemCounts } from './comparison';
import type { Counts, Decode } from './evaluation';
import { damagedDecode } from './evaluation.errors';

@Injectable()
export class DecodeReader {
  constructor(@Inject(OBJECT_STORE) private readonly store: ObjectStore) {}

  /**
   * Scores a decode line by line: texts are let go of at once, counts stay. Throws Unjudgeable when the object is gone, is not
   * what its digest says, or is no decode; everything else is the store's own trouble.
   */
  async score(decode: Decode, language: string): Promise<ItemCounts> {
    const counts = new Map<ItemId, Counts>();
    try {
      for await (const line of verifiedLines(this.store, decode.key, decode.sha256)) {
        const item = parseItem(line);
        const itemId = item.item_id as ItemId;
        if (counts.has(itemId)) throw damagedDecode();
        counts.set(itemId, scoreItem(item, language));
      }
    } catch (error) {
      const damaged =
        error instanceof ObjectDigestMismatch || error instanceof ObjectNotFound || error instanceof RangeError;
      throw damaged ? damagedDecode(error) : error;
    }
    return counts;
  }
}

function parseItem(line: string): DecodedItem {
  try {
    return decodedItem.parse(JSON.parse(line));
  } catch (error) {
    throw damagedDecode(error);
  }
}
