import { z } from 'zod';
import { forEachLimitName, plans } from '@attune/kernel';

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

export const limitsBody = z.object({
  plan: z.enum(plans),
  limits: z.object(forEachLimitName(limitStanding)),
});
export type ApiLimits = z.infer<typeof limitsBody>;
