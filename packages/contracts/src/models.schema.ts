import { z } from 'zod';
import { liveRun } from './live-run.schema';
import { listOf, pageQuery } from './responses';

export const baseModelKeys = ['general', 'medical', 'legal', 'technical'] as const;
export const baseModelKey = z.enum(baseModelKeys);
export type BaseModelKey = z.infer<typeof baseModelKey>;

const name = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text.trim() !== '', 'must not be blank');
const description = z.string().max(1000);
/** ISO 639-1. Whether a base model knows the language is the catalogue's to say (`UNSUPPORTED_LANGUAGE`). */
const language = z.string().regex(/^[a-z]{2}$/, 'must be a two-letter ISO 639-1 code, such as "en"');

export const createModelBody = z
  .object({ name, language, base_model: baseModelKey.default('general'), description: description.nullish() })
  .strict();

/** `language` and `base_model` never change: naming one is a 400, with the reason in its details. */
export const updateModelBody = z
  .object({
    name: name.optional(),
    description: description.nullable().optional(),
    language: z.undefined({ invalid_type_error: 'cannot be changed after creation' }),
    base_model: z.undefined({ invalid_type_error: 'cannot be changed after creation' }),
  })
  .strict()
  .refine((body) => body.name !== undefined || body.description !== undefined, {
    message: 'give name, description, or both',
  });

/** Percentages and hours. The two of the base model are what `accuracy_improvement` was computed from. */
export const trainingMetrics = z.object({
  word_error_rate: z.number(),
  accuracy_improvement: z.number(),
  character_error_rate: z.number(),
  training_hours: z.number(),
  base_word_error_rate: z.number(),
  base_character_error_rate: z.number(),
  evaluated_on: z
    .enum(['test_set', 'held_out'])
    .describe('`held_out`: no test data was given, so a fifth of the training recordings was kept out'),
});

export const modelError = z.object({ error_code: z.string(), message: z.string(), details: z.record(z.unknown()) });

/** 1 not running, 2 ready to run, 3 running, 4 success, 5 failed. */
export const trainingStatus = z.number().int().min(1).max(5);

export const model = z.object({
  id: z.number().int().positive(),
  model_key: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  language: z.string(),
  base_model: baseModelKey,
  training_status: trainingStatus,
  status_message: z.string(),
  training_progress: z.number().min(0).max(100).optional().describe('In 3 and 4'),
  ...liveRun,
  created_at: z.string(),
  updated_at: z.string(),
  started_training_at: z.string().optional().describe('From 3 on'),
  finished_training_at: z.string().optional().describe('In 4'),
  training_metrics: trainingMetrics.optional().describe('In 4'),
  error: modelError.optional().describe('In 5'),
});
export type ApiModel = z.infer<typeof model>;

export const modelList = listOf(model);

export const listModelsQuery = z.object({
  ...pageQuery(25, 100),
  status: z.coerce.number().int().min(1).max(5).optional(),
  language: language.optional(),
  base_model: baseModelKey.optional(),
});

/** The id in a path. Anything that is no positive number is a missing model, never a bad request. */
export const modelPath = z.object({ id: z.string() });
