import { z } from 'zod';
import { maxCost } from './costs.schema';
import { liveRun } from './live-run.schema';
import { modelError, trainingMetrics } from './models.schema';
import { listOf, pageQuery } from './responses';

export const runBody = z.object({ max_cost: maxCost }).strict();

/** Of calls that need nothing but their path: nothing, or an empty object. */
export const emptyBody = z.object({}).strict().nullish();

export const logLevel = z.enum(['info', 'warning', 'error']);
export const logLine = z.object({
  timestamp: z.string(),
  level: logLevel,
  stage: z.string(),
  message: z.string(),
});
export type ApiLogLine = z.infer<typeof logLine>;
export const logList = listOf(logLine);
export const logQuery = z.object(pageQuery(100, 1000));

export const runState = z.enum(['queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled']);

export const run = z.object({
  id: z.string().uuid(),
  model_id: z.number().int().positive(),
  state: runState,
  ...liveRun,
  training_progress: z.number().min(0).max(100),
  requested_at: z.string(),
  started_at: z.string().optional().describe('From the first start on'),
  finished_at: z.string().optional().describe('In succeeded, failed and cancelled'),
  training_audio_ms: z.number().int().describe('Decoded training audio of the run, in milliseconds'),
  version: z.number().int().positive().optional().describe('In succeeded: the version that it made'),
  training_metrics: trainingMetrics.optional().describe('In succeeded'),
  error: modelError.optional().describe('In failed'),
});
export type ApiRun = z.infer<typeof run>;
export const runList = listOf(run);
export const runsQuery = z.object(pageQuery(25, 100));
export const runPath = z.object({ id: z.string(), run_id: z.string() });
