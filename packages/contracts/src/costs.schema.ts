import { monthPattern } from '@attune/kernel';
import { z } from 'zod';
import { listOf, pageQuery } from './responses';

const cents = z.number().int().nonnegative();
const ms = z.number().int().nonnegative();
const month = z.string().regex(monthPattern, 'must be a month, such as "2026-01"');

/** Without `max_cost` a run may cost what it costs. */
export const maxCost = cents
  .optional()
  .describe('Refuse to start (402 COST_LIMIT_EXCEEDED) when the run would cost more than this, in cents');

export const usageQuery = z.object({
  ...pageQuery(100, 1000),
  month: month.optional().describe('UTC month in which the runs succeeded'),
  model: z
    .string()
    .regex(/^(custom_model_)?[1-9]\d{0,14}$/, "must be a model's number, or its key")
    .optional()
    .describe("A model's number, or its key `custom_model_<number>`"),
  run: z.string().uuid().optional(),
});

/** What one succeeded run used and cost. Audio that an earlier run of the model had used counts for nothing. */
export const usageLine = z.object({
  run_id: z.string(),
  model_id: z.number().int().positive(),
  month: z.string(),
  recorded_at: z.string(),
  training_ms: ms.describe('All training audio of the run'),
  new_distinct_ms: ms.describe('Of it, what no earlier run of the model had used, each distinct recording once'),
  included_ms: ms.describe('Of the new audio, what the price includes'),
  overage_ms: ms.describe('Of the new audio, what is charged for'),
  amount_cents: cents,
  currency: z.string(),
  price_book: z.string(),
});
export type ApiUsageLine = z.infer<typeof usageLine>;

/** Newest first; the totals are of everything that the filters name. */
export const usageList = listOf(usageLine).extend({
  total_new_distinct_ms: ms,
  total_overage_ms: ms,
  total_amount_cents: cents,
  currency: z.string(),
});
export type ApiUsageList = z.infer<typeof usageList>;

export const estimateBody = z.object({}).strict().nullish();

/** What the next run would use and cost with the data that is there now. Hours are of decoded audio, with four decimals. */
export const estimate = z.object({
  model_id: z.number().int().positive(),
  audio_hours: z.number().describe('Distinct training audio that is ready'),
  new_hours: z.number().describe('Of it, what no run of the model has used yet'),
  included_hours: z.number().describe('Of the new audio, what the price includes'),
  billable_hours: z.number().describe('Of the new audio, what is charged for'),
  price: z.object({ amount_cents: cents, currency: z.string(), price_book: z.string() }),
  expected_minutes: z.number().nullable().describe('Null while there is no past run to judge by'),
  expected_minutes_basis: z
    .object({
      method: z.enum(['median_of_past_runs', 'none']),
      runs: z.number().int().describe('How many past runs of this platform that is'),
      base_model: z.string().nullable().describe('Of this base model alone; null: of all'),
    })
    .describe('Past runs from request to success, waiting included, per hour of their audio'),
});
export type ApiEstimate = z.infer<typeof estimate>;
