import { z } from 'zod';
import { dataType, milliseconds, objectKey, sha256 } from './shapes';

/**
 * One line of a run's snapshot object (JSON lines, ordered by item id): a pair as it was when the run was asked for.
 * `audio_sha256` is of the file that the customer sent (what usage counts once); `normalized_*` is what the engine hears.
 */
export const snapshotItem = z.object({
  item_id: z.string().uuid(),
  data_type: dataType,
  audio_sha256: sha256,
  audio_ms: milliseconds,
  normalized_key: objectKey,
  normalized_sha256: sha256,
  transcript_key: objectKey,
  transcript_sha256: sha256,
});
export type SnapshotItem = z.infer<typeof snapshotItem>;

/** One line of a decode object (JSON lines): what a model wrote for one item, beside what it should have written. */
export const decodedItem = z.object({ item_id: z.string().uuid(), reference: z.string(), hypothesis: z.string() });
export type DecodedItem = z.infer<typeof decodedItem>;

/** The last object a run writes. A version is complete exactly when this exists and every file's sha256 is right. */
export const artifactManifest = z.object({
  run_id: z.string().uuid(),
  epoch: z.number().int().positive(),
  engine: z.string(),
  base_digest: sha256,
  digest: sha256,
  files: z.array(z.object({ path: z.string(), bytes: z.number().int().nonnegative(), sha256 })),
});
export type ArtifactManifest = z.infer<typeof artifactManifest>;
