import { z } from 'zod';

/** Where a live run stands. `provisioning`: it has its turn and waits for a machine. `cancelling`: it ends within seconds. */
export const stage = z.enum([
  'queued',
  'provisioning',
  'preparing',
  'training',
  'evaluating',
  'finalizing',
  'cancelling',
]);

/** What a live run adds to a model and to itself. */
export const liveRun = {
  stage: stage.optional().describe('While a run is live'),
  stage_detail: z.string().optional().describe('What a run waits for, in plain words; while there is something to say'),
  eta_seconds: z.number().optional().describe('While a run is live and its end can be foreseen'),
  queue_position: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('While a run waits for its start; 1 is the next to start'),
};
