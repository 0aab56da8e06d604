import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ModelRef, Recording } from './billing';

/** What a price was made from: as long as the digest is the same, so are the recordings, and so is what they cost. */
export interface AudioExtent {
  distinctMs: number;
  digest: string;
}

const DISTINCT = `SELECT DISTINCT ON (audio_sha256) audio_sha256, audio_ms FROM data_item
  WHERE model_id = $1 AND organization_id = $2 AND data_type = 'train' AND status IN ('ok', 'warning')
  ORDER BY audio_sha256, id`;

/** The training audio of a model as it is paid for: each distinct recording once. */
@Injectable()
export class TrainingAudioRepository {
  async list(tx: Tx, { organizationId, modelId }: ModelRef): Promise<Recording[]> {
    const rows = await tx.query<{ audio_sha256: string; audio_ms: number }>(DISTINCT, [modelId, organizationId]);
    return rows.map(({ audio_sha256, audio_ms }): Recording => [audio_sha256, audio_ms]);
  }

  async extent(tx: Tx, { organizationId, modelId }: ModelRef): Promise<AudioExtent> {
    const [row] = await tx.query<{ ms: number; digest: string }>(
      `SELECT coalesce(sum(audio_ms), 0)::bigint AS ms,
              encode(sha256(convert_to(coalesce(
                string_agg(audio_sha256 || ' ' || audio_ms, ',' ORDER BY audio_sha256 COLLATE "C"), ''), 'UTF8')), 'hex') AS digest
         FROM (${DISTINCT}) AS distinct_audio`,
      [modelId, organizationId],
    );
    if (!row) throw new Error('PostgreSQL answered nothing');
    return { distinctMs: row.ms, digest: row.digest };
  }
}

/** The same as the query's: of the recordings in the order of their bytes. */
export function extentOf(recordings: readonly Recording[]): AudioExtent {
  const named = recordings.map(([sha256, ms]) => `${sha256} ${String(ms)}`).sort();
  return {
    distinctMs: recordings.reduce((sum, [, ms]) => sum + ms, 0),
    digest: createHash('sha256').update(named.join(',')).digest('hex'),
  };
}
