import { z } from 'zod';
import { forEachLimitName, plans } from '@attune/kernel';
import { milliseconds } from './shapes';

/** Null: unlimited. */
const limit = z.number().int().nonnegative().nullable();

/** Every limit of an organization. */
export const limits = z.object(forEachLimitName(limit));

/** Limits that were agreed with an organization itself; what is not named is its plan's. */
export const limitOverrides = limits.partial();

/** What an organization may do: the whole of it. `limits` holds; `limit_overrides` says which of them differ from the plan's. */
export const entitlements = z.object({
  organization_id: z.string().uuid(),
  plan: z.enum(plans),
  revision: z.number().int().positive(),
  may_train: z.boolean(),
  minimum_training_ms: milliseconds,
  limits,
  limit_overrides: limitOverrides,
});
