import { monthPattern } from '@attune/kernel';
import { z } from 'zod';
import { milliseconds, modelScope, objectKey, runScope, sha256 } from './shapes';

const cents = z.number().int().nonnegative();
/** `YYYY-MM`, a calendar month in UTC. */
export const month = z.string().regex(monthPattern, 'must be a month, such as "2026-01"');

/** Audio that no earlier run of the model has used, and what it costs by one price book: of it, `included_ms` costs nothing. */
const rated = {
  new_ms: milliseconds,
  included_ms: milliseconds,
  overage_ms: milliseconds,
  amount_cents: cents,
  currency: z.string(),
  price_book: z.string(),
};

/** What a run would cost now, by the price book in force. */
export const quote = z.object({
  /** Distinct audio that the model's earlier runs have used. */
  used_ms: milliseconds,
  ...rated,
});
export type Quote = z.infer<typeof quote>;

/** What one succeeded run used and cost; never changes. */
export const usageLine = z.object({
  run_id: z.string().uuid(),
  model_id: z.number().int().positive(),
  recorded_at: z.string().datetime(),
  /** The month whose usage it is: the one in which the run succeeded. */
  month,
  /** All training audio of the run. */
  training_ms: milliseconds,
  ...rated,
});
export type UsageLine = z.infer<typeof usageLine>;

/** A run that has succeeded, as much as billing needs of it: each used recording's sha256 and milliseconds lie in its snapshot. */
export const succeededRun = z.object({
  run_id: z.string().uuid(),
  snapshot_key: objectKey,
  snapshot_sha256: sha256,
  training_ms: milliseconds,
  succeeded_at: z.string().datetime(),
});
export type ToldRun = z.infer<typeof succeededRun>;

/** The most recordings that one question may name: 36,000 take eight, and none outgrows a message. */
export const MAX_MEASURED = 5_000;

/** Questions about money. A run's hold is known by the run's own id. */
export const moneyRequests = {
  /** How much of these recordings no run of the model has used yet. Each is named once. */
  'billing.measure-audio': {
    request: z.object({ ...modelScope, audio: z.array(z.tuple([sha256, milliseconds])).max(MAX_MEASURED) }),
    reply: z.object({ new_ms: milliseconds }),
  },
  'billing.quote-run': { request: z.object({ ...modelScope, new_ms: milliseconds }), reply: quote },
  /**
   * Reserves what a run is going to cost, before it is started; asked again for the same run, it changes nothing. Refused with
   * COST_LIMIT_EXCEEDED, and nothing reserved, when that is above `max_amount_cents`. A hold whose run is never started expires.
   */
  'billing.place-hold': {
    request: z.object({ ...runScope, new_ms: milliseconds, max_amount_cents: cents.nullable() }),
    reply: quote,
  },
  /** The run was not started. A hold that a started run has confirmed stays. */
  'billing.release-hold': {
    request: z.object({ organization_id: z.string().uuid(), run_id: z.string().uuid() }),
    reply: z.object({ released: z.boolean() }),
  },
  /** Newest first. The totals are of everything that the filter names, not of the page. */
  'billing.list-usage': {
    request: z.object({
      organization_id: z.string().uuid(),
      month: month.nullable(),
      model_id: z.number().int().positive().nullable(),
      run_id: z.string().uuid().nullable(),
      offset: z.number().int().nonnegative(),
      limit: z.number().int().min(1).max(1000),
    }),
    reply: z.object({
      total: z.number().int(),
      new_ms: milliseconds,
      overage_ms: milliseconds,
      amount_cents: cents,
      currency: z.string(),
      lines: z.array(usageLine),
    }),
  },
  /** What became of runs whose holds are open. A run that is not named in the reply does not exist. */
  'models.run-outcomes': {
    request: z.object({ run_ids: z.array(z.string().uuid()).max(500) }),
    reply: z.object({
      runs: z.array(
        z.discriminatedUnion('state', [
          z.object({ ...runScope, state: z.enum(['live', 'ended']) }),
          z.object({ ...modelScope, ...succeededRun.shape, state: z.literal('succeeded') }),
        ]),
      ),
    }),
  },
} as const;
