import { z } from 'zod';
import { trainingMetrics } from './models.schema';
import { listOf, pageQuery } from './responses';

/** What a succeeded run made; it never changes. Versions of a model count from 1. */
export const version = z.object({
  number: z.number().int().positive(),
  model: z.string().describe('What /stt takes to use this very version: `custom_model_123@2`'),
  active: z.boolean().describe('Whether `custom_model_123` means this version now'),
  run_id: z.string().uuid(),
  created_at: z.string(),
  base_digest: z.string(),
  digest: z.string(),
  training_audio_ms: z.number().int(),
  training_metrics: trainingMetrics,
});
export type ApiVersion = z.infer<typeof version>;
export const versionList = listOf(version);
export const versionsQuery = z.object(pageQuery(25, 100));
export const versionPath = z.object({ id: z.string(), number: z.string() });
