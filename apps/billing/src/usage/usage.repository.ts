import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ItemId, ModelId, OrganizationId, RunId } from '@attune/kernel';
import { payloadDigestOf, trainingMsOf, type Usage, type UsageItem } from './usage';

/** One statement takes this many items: few round trips, and parameters of bounded size. */
const ITEMS_PER_INSERT = 5000;

interface ModelRef {
  organizationId: OrganizationId;
  modelId: ModelId;
}

@Injectable()
export class UsageRepository {
  /** Records a run's usage unless it is recorded already; answers whether it did. */
  async insert(tx: Tx, usage: Usage): Promise<boolean> {
    const inserted = await tx.execute(
      `INSERT INTO usage (run_id, organization_id, model_id, training_ms, payload_sha256, occurred_at)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (run_id) DO NOTHING`,
      [usage.runId, usage.organizationId, usage.modelId, trainingMsOf(usage), payloadDigestOf(usage), usage.occurredAt],
    );
    if (inserted === 0) return false;
    for (let from = 0; from < usage.items.length; from += ITEMS_PER_INSERT) {
      await this.insertItems(tx, usage, usage.items.slice(from, from + ITEMS_PER_INSERT));
    }
    return true;
  }

  /** What the recorded run was charged by; null when none of the organization is recorded under this id. */
  async findPayloadDigest(tx: Tx, organizationId: OrganizationId, runId: RunId): Promise<string | null> {
    const [row] = await tx.query<{ payload_sha256: string }>(
      `SELECT payload_sha256 FROM usage WHERE run_id = $1 AND organization_id = $2`,
      [runId, organizationId],
    );
    return row?.payload_sha256 ?? null;
  }

  /** Distinct audio that the model's runs have used, in milliseconds. */
  async billedMs(tx: Tx, { organizationId, modelId }: ModelRef): Promise<bigint> {
    const [row] = await tx.query<{ ms: number }>(
      `SELECT coalesce(sum(audio_ms), 0)::bigint AS ms FROM billed_audio WHERE organization_id = $1 AND model_id = $2`,
      [organizationId, modelId],
    );
    return BigInt(row?.ms ?? 0);
  }

  /** Counts the run's recordings that no run of the model has used before, each once; answers how long they are. */
  async countNewAudio(tx: Tx, usage: Usage): Promise<bigint> {
    const [row] = await tx.query<{ ms: number }>(
      `WITH counted AS (
         INSERT INTO billed_audio (organization_id, model_id, audio_sha256, audio_ms, run_id)
         SELECT DISTINCT ON (audio_sha256) $1::uuid, $2::bigint, audio_sha256, audio_ms, run_id
           FROM usage_item WHERE run_id = $3 AND organization_id = $1 ORDER BY audio_sha256, item_id
         ON CONFLICT DO NOTHING RETURNING audio_ms)
       SELECT coalesce(sum(audio_ms), 0)::bigint AS ms FROM counted`,
      [usage.organizationId, usage.modelId, usage.runId],
    );
    return BigInt(row?.ms ?? 0);
  }

  /** How long those of these recordings are that no run of the model has used, in milliseconds. */
  async measureNew(tx: Tx, model: ModelRef, audio: readonly (readonly [string, number])[]): Promise<number> {
    const [row] = await tx.query<{ ms: number }>(
      `SELECT coalesce(sum(named.ms), 0)::bigint AS ms
         FROM unnest($3::text[], $4::bigint[]) AS named (sha256, ms)
        WHERE NOT EXISTS (
          SELECT FROM billed_audio b
           WHERE b.organization_id = $1 AND b.model_id = $2 AND b.audio_sha256 = named.sha256)`,
      [model.organizationId, model.modelId, audio.map(([sha256]) => sha256), audio.map(([, ms]) => ms)],
    );
    return row?.ms ?? 0;
  }

  /** The recordings of a recorded run, by item id. */
  async itemsOf(tx: Tx, organizationId: OrganizationId, runId: string): Promise<UsageItem[]> {
    const rows = await tx.query<{ item_id: string; audio_sha256: string; audio_ms: number }>(
      `SELECT item_id, audio_sha256, audio_ms FROM usage_item
        WHERE organization_id = $1 AND run_id = $2 ORDER BY item_id`,
      [organizationId, runId],
    );
    return rows.map((row) => ({
      itemId: row.item_id as ItemId,
      audioSha256: row.audio_sha256,
      audioMs: row.audio_ms,
    }));
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
