import { z } from 'zod';

/** Pieces that several events share. Field names are snake_case, units stand last. */
export const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/);
export const objectKey = z.string().min(1).max(512);
export const modelScope = { organization_id: z.string().uuid(), model_id: z.number().int().positive() };
export const runScope = { ...modelScope, run_id: z.string().uuid() };
export const dataType = z.enum(['train', 'test']);
export const milliseconds = z.number().int().nonnegative();

/** Something about an item that its owner should know. `fix` says what to do. */
export const itemIssue = z.object({
  code: z.string(),
  severity: z.enum(['warning', 'error']),
  message: z.string(),
  fix: z.string(),
});
export type ItemIssue = z.infer<typeof itemIssue>;

/** Why a run failed: `data` the customer can mend, the rest is ours. `message` is in the customer's words. */
export const runFailure = z.object({ kind: z.enum(['data', 'engine', 'platform']), message: z.string() });

/** The four figures of public-api, Metrics: percentages and hours, never fractions, plus what evaluation adds. */
export const runMetrics = z.object({
  word_error_rate: z.number(),
  character_error_rate: z.number(),
  accuracy_improvement: z.number(),
  base_word_error_rate: z.number(),
  base_character_error_rate: z.number(),
  test_words: z.number().int(),
  /** `test_set`: the customer's own; `held_out`: a fifth of the training recordings, kept out of training. */
  evaluated_on: z.enum(['test_set', 'held_out']),
});
export type RunMetrics = z.infer<typeof runMetrics>;

/** Where a run is, or how it has ended. The last three never change. */
export const runState = z.enum([
  'queued',
  'preparing',
  'training',
  'evaluating',
  'finalizing',
  'cancelling',
  'succeeded',
  'failed',
  'cancelled',
]);
