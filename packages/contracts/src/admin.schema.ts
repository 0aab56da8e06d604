import { forEachLimitName, plans } from '@attune/kernel';
import { z } from 'zod';
import { listOf, pageQuery } from './responses';
import { scopes } from './route-metadata';

const name = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text.trim() !== '', 'must not be blank');
const plan = z.enum(plans);
const limit = z.number().int().min(0).max(2_147_483_647).nullable();
const time = z.string().datetime({ offset: true });

/** Null: unlimited. */
export const organizationLimits = z.object(forEachLimitName(limit)).strict();

const overrides = organizationLimits
  .partial()
  .describe("The limits that differ from the plan's, whole: what is not named is the plan's, null means unlimited");
const minimum = z
  .number()
  .int()
  .min(0)
  .max(1_000_000_000)
  .nullable()
  .describe("Seconds of training audio that a run needs at least; null means the plan's own");

/** `limits`, `may_train` and the minimum are what holds now; null until billing has spoken for the first time. */
export const organization = z.object({
  id: z.string().uuid(),
  name: z.string(),
  plan,
  may_train: z.boolean(),
  minimum_training_seconds: z.number().nullable(),
  limits: organizationLimits.nullable(),
  limit_overrides: organizationLimits.partial(),
  created_at: z.string(),
});
export type ApiOrganization = z.infer<typeof organization>;

export const createOrganizationBody = z
  .object({ name, plan, minimum_training_seconds: minimum.optional(), limits: overrides.optional() })
  .strict();

export const updateOrganizationBody = z
  .object({
    name: name.optional(),
    plan: plan.optional(),
    minimum_training_seconds: minimum.optional(),
    limits: overrides.optional(),
  })
  .strict()
  .refine((body) => Object.keys(body).length > 0, {
    message: 'give name, plan, limits, minimum_training_seconds, or several of them',
  });

/** A key as it can be shown for ever: by what its owner recognises, never by what it opens. */
export const apiKey = z.object({
  id: z.string().uuid(),
  organization_id: z.string().uuid(),
  name: z.string(),
  prefix: z.string().describe('How the key begins'),
  last4: z.string().describe('How it ends'),
  scopes: z.array(z.string()),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  last_used_at: z.string().nullable().describe('To the minute'),
  revoked_at: z.string().nullable(),
});
export type ApiKeyRecord = z.infer<typeof apiKey>;

/** The one answer with the key itself, which is stored nowhere but in what an Idempotency-Key keeps of this answer for a day, sealed. */
export const createdApiKey = apiKey.extend({
  key: z
    .string()
    .describe('Shown in this answer only, and for 24 hours in its repetition under the same Idempotency-Key'),
});
export type CreatedApiKey = z.infer<typeof createdApiKey>;

export const createApiKeyBody = z
  .object({
    name,
    scopes: z
      .array(z.enum(scopes))
      .min(1)
      .refine((list) => new Set(list).size === list.length, 'names a scope twice'),
    expires_at: time.nullish().describe('Null or absent: it does not expire'),
  })
  .strict();

export const organizationList = listOf(organization);
export const apiKeyList = listOf(apiKey);
export const adminPageQuery = z.object(pageQuery(25, 100));

/** What is no id in a path is a missing organization or key, never a bad request. */
export const organizationPath = z.object({ organization_id: z.string() });
export const apiKeyPath = organizationPath.extend({ key_id: z.string() });
