import { z } from 'zod';
import { listOf, pageQuery } from './responses';

export const runBody = z.object({}).strict();

export const logLine = z.object({
  timestamp: z.string(),
  level: z.enum(['info', 'warning', 'error']),
  stage: z.string(),
  message: z.string(),
});
export type ApiLogLine = z.infer<typeof logLine>;
export const logList = listOf(logLine);
export const logQuery = z.object(pageQuery(100, 1000));
