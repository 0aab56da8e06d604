import { z } from 'zod';
import { plans } from '@attune/kernel';
import { entitlements, limitOverrides } from './entitlements';
import { moneyRequests } from './money';
import { milliseconds, objectKey, runState, sha256 } from './shapes';

/** A file of a model or base, as it lies in the store. `path` is relative to the model's own folder. */
export const storedFile = z.object({ path: z.string(), key: objectKey, bytes: z.number().int().nonnegative(), sha256 });
export type StoredFile = z.infer<typeof storedFile>;

const logLevel = z.enum(['info', 'warning', 'error']);
const logLine = z.object({
  timestamp: z.string().datetime(),
  level: logLevel,
  stage: z.string(),
  message: z.string(),
});

const feedEventBase = {
  position: z.number().int().positive(),
  timestamp: z.string().datetime(),
  level: logLevel,
  run_id: z.string().uuid(),
  stage: z.string(),
};
/** Something that happened in a run: a line of its log, a measured value, or a change of its state. */
const feedEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('log'), ...feedEventBase, message: z.string() }),
  /** `epoch` is the engine's: a pass over the training data. */
  z.object({
    type: z.literal('metric'),
    ...feedEventBase,
    name: z.string(),
    value: z.number(),
    step: z.number().int(),
    epoch: z.number().int(),
  }),
  z.object({ type: z.literal('state'), ...feedEventBase, state: runState, message: z.string().nullable() }),
]);
export type FeedEvent = z.infer<typeof feedEvent>;

/**
 * Every question that one service asks another and waits for: name -> request, reply. The part before the first dot answers.
 * A refusal crosses as an AppError with its code.
 */
export const requestSchemas = {
  ...moneyRequests,
  /**
   * What to decode with. `model` is a base model's key or `custom_model_<id>`; a model of another organization, or one
   * without a version, is refused as the public API refuses it. `digest` identifies the files for ever, so they may be cached.
   */
  'models.resolve': {
    request: z.object({ organization_id: z.string().uuid(), model: z.string() }),
    reply: z.object({
      model: z.string(),
      languages: z.array(z.string()),
      engine: z.string(),
      digest: sha256,
      files: z.array(storedFile),
    }),
  },
  /** The base a run trains from, by digest. */
  'models.resolve-base': {
    request: z.object({ digest: sha256 }),
    reply: z.object({ engine: z.string(), languages: z.array(z.string()), digest: sha256, files: z.array(storedFile) }),
  },
  /**
   * Agrees terms with an organization, a new one (then with a plan) or a known one, and answers what it may do from now on.
   * What is not named stays as it was agreed; `limits` replaces all limits that differ from the plan's.
   */
  'billing.agree-terms': {
    request: z.object({
      organization_id: z.string().uuid(),
      plan: z.enum(plans).optional(),
      minimum_training_ms: milliseconds.nullable().optional(),
      limits: limitOverrides.optional(),
    }),
    reply: entitlements,
  },
  /** The training log of a model's runs, oldest first. Offsets count lines. */
  'training.list-log': {
    request: z.object({
      organization_id: z.string().uuid(),
      model_id: z.number().int().positive(),
      offset: z.number().int().nonnegative(),
      limit: z.number().int().min(1).max(1000),
    }),
    reply: z.object({ total: z.number().int(), lines: z.array(logLine) }),
  },
  /**
   * What happened in a model's runs after `after`, oldest first. Positions count from 1 within a model, in the order of
   * commits and without gaps: nothing ever appears before a position that was answered. `total` counts all of `levels`, where it is asked for.
   */
  'training.list-events': {
    request: z.object({
      organization_id: z.string().uuid(),
      model_id: z.number().int().positive(),
      after: z.number().int().nonnegative(),
      levels: z.array(logLevel).min(1),
      limit: z.number().int().min(1).max(1000),
      with_total: z.boolean(),
    }),
    reply: z.object({ total: z.number().int().nullable(), events: z.array(feedEvent) }),
  },
  /** The place in the queue of those of the runs that wait for a start; 1 is the next to start. */
  'training.queue-positions': {
    request: z.object({ organization_id: z.string().uuid(), run_ids: z.array(z.string().uuid()).min(1).max(1000) }),
    reply: z.object({ positions: z.array(z.object({ run_id: z.string().uuid(), position: z.number().int().min(1) })) }),
  },
} as const;

export type RequestName = keyof typeof requestSchemas;
export type RequestOf<N extends RequestName> = z.infer<(typeof requestSchemas)[N]['request']>;
export type ReplyOf<N extends RequestName> = z.infer<(typeof requestSchemas)[N]['reply']>;
