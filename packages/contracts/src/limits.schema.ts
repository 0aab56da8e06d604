import { z } from 'zod';
import { limitNames, plans, type LimitName } from '@attune/kernel';

const amount = z.number().int().nonnegative().nullable();

/** `limit` null: unlimited. `used` null: not counted, for it is unlimited. */
export const limitStanding = z.object({
  limit: amount,
  used: amount,
  remaining: amount,
  reset: z
    .number()
    .int()
    .nullable()
    .describe(
      'Unix seconds from which there is more; null when nothing is used, or when only deleting or waiting for a run helps',
    ),
});
export type ApiLimit = z.infer<typeof limitStanding>;

const names = Object.values(limitNames) as [LimitName, ...LimitName[]];

export const limitsBody = z.object({
  plan: z.enum(plans),
  limits: z.object(
    Object.fromEntries(names.map((name) => [name, limitStanding])) as Record<LimitName, typeof limitStanding>,
  ),
});
export type ApiLimits = z.infer<typeof limitsBody>;
