import { Injectable } from '@nestjs/common';
import { delay, type ItemId } from '@attune/kernel';
import type { Verdict } from './data-item.mapping';
import { DataItemsRepository } from './data-items.repository';

const LOOK_EVERY_MS = 100;

/**
 * Lets uploads wait for ingestion's verdict. However many wait in this process, one small query every 100 ms asks for all
 * of them, and none while nobody waits; it asks the database, so any replica may have taken the verdict in.
 */
@Injectable()
export class VerdictWatch {
  /** Several may wait for one item: a pair that is sent twice is stored once. */
  private readonly waiting = new Map<ItemId, Set<(verdict: Verdict) => void>>();
  private looking = false;

  constructor(private readonly items: DataItemsRepository) {}

  /** The verdict, or null when none came within `timeoutMs`. */
  async waitFor(id: ItemId, timeoutMs: number): Promise<Verdict | null> {
    const enough = new AbortController();
    let told: (verdict: Verdict) => void = () => undefined;
    const verdict = new Promise<Verdict>((resolve) => (told = resolve));
    const waiters = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, waiters.add(told));
    if (!this.looking) void this.look();
    try {
      return await Promise.race([verdict, delay(timeoutMs, enough.signal).then(() => null)]);
    } finally {
      waiters.delete(told);
      if (waiters.size === 0) this.waiting.delete(id);
      enough.abort();
    }
  }

  private async look(): Promise<void> {
    this.looking = true;
    while (this.waiting.size > 0) {
      await delay(LOOK_EVERY_MS);
      // A database that is away costs the wait, never the upload: that one is stored already.
      const verdicts = await this.items.findVerdicts([...this.waiting.keys()]).catch(() => new Map<string, Verdict>());
      for (const [id, verdict] of verdicts) this.waiting.get(id as ItemId)?.forEach((tell) => tell(verdict));
    }
    this.looking = false;
  }
}
