import { z } from 'zod';
import { listOf } from './responses';
import { logLevel } from './runs.schema';

const shared = {
  cursor: z.string().describe('The place of this event in the feed: `cursor` of a next call, or `Last-Event-ID`'),
  timestamp: z.string(),
  level: logLevel,
  run_id: z.string().uuid(),
  stage: z.string(),
};

/** A line of the training log, a value that training measured, or a change of a run's state. */
export const feedEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('log'), ...shared, message: z.string() }),
  z.object({
    type: z.literal('metric'),
    ...shared,
    name: z.string().describe('`train_loss`, `validation_wer`, ...'),
    value: z.number(),
    step: z.number().int(),
    epoch: z.number().int().describe('Pass over the training data'),
  }),
  z.object({
    type: z.literal('state'),
    ...shared,
    state: z.enum([
      'queued',
      'preparing',
      'training',
      'evaluating',
      'finalizing',
      'cancelling',
      'succeeded',
      'failed',
      'cancelled',
    ]),
    message: z.string().nullable().describe('Why a run has failed'),
  }),
]);
export type ApiFeedEvent = z.infer<typeof feedEvent>;

export const feedPage = listOf(feedEvent).extend({
  next_cursor: z.string().describe('Where the next page begins, now or once more has happened'),
});
export type ApiFeedPage = z.infer<typeof feedPage>;

export const feedQuery = z.object({
  cursor: z.string().min(1).max(200).optional().describe('Default: the beginning'),
  level: logLevel.optional().describe('This level and all above it; default `info`, which is everything'),
  limit: z.coerce.number().int().min(1).max(1000).optional().describe('Default 100'),
});
