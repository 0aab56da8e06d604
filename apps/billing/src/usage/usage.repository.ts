import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { trainingMsOf, type Usage, type UsageItem } from './usage';

/** One statement takes this many items: few round trips, and parameters of bounded size. */
const ITEMS_PER_INSERT = 5000;

@Injectable()
export class UsageRepository {
  /** Records a run's usage unless it is recorded already; answers whether it did. */
  async insert(tx: Tx, usage: Usage): Promise<boolean> {
    const inserted = await tx.execute(
      `INSERT INTO usage (run_id, organization_id, model_id, training_ms) VALUES ($1, $2, $3, $4)
       ON CONFLICT (run_id) DO NOTHING`,
      [usage.runId, usage.organizationId, usage.modelId, trainingMsOf(usage)],
    );
    if (inserted === 0) return false;
    for (let from = 0; from < usage.items.length; from += ITEMS_PER_INSERT) {
      await this.insertItems(tx, usage, usage.items.slice(from, from + ITEMS_PER_INSERT));
    }
    return true;
  }

  private async insertItems(tx: Tx, usage: Usage, items: readonly UsageItem[]): Promise<void> {
    await tx.execute(
      `INSERT INTO usage_item (run_id, organization_id, item_id, audio_sha256, audio_ms)
       SELECT $1, $2, item.* FROM unnest($3::uuid[], $4::text[], $5::bigint[]) AS item`,
      [
        usage.runId,
        usage.organizationId,
        items.map(({ itemId }) => itemId),
        items.map(({ audioSha256 }) => audioSha256),
        items.map(({ audioMs }) => audioMs),
      ],
    );
  }
}
