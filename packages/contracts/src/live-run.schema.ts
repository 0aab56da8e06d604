import { z } from 'zod';

/** Where a live run stands. `cancelling`: it ends within seconds. */
export const stage = z.enum(['queued', 'preparing', 'training', 'evaluating', 'finalizing', 'cancelling']);

/** What a live run adds to a model and to itself. */
export const liveRun = {
  stage: stage.optional().describe('While a run is live'),
  eta_seconds: z.number().optional().describe('While a run is live and its end can be foreseen'),
  queue_position: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('While a run waits for its start; 1 is the next to start'),
};
