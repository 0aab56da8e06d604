import { availableParallelism } from 'node:os';
import { z } from 'zod';

const variables = z.object({
  TRAINER_URL: z.string().url(),
  RUN_ID: z.string().uuid(),
  RUN_START: z.coerce.number().int().positive(),
  RUN_TOKEN: z.string().min(1),
  RUN_WORK_DIRECTORY: z.string().startsWith('/'),
  CACHE_DIRECTORY: z.string().startsWith('/'),
  ENGINES: z
    .string()
    .transform((text) => JSON.parse(text) as unknown)
    .pipe(z.record(z.array(z.string()).min(1))),
  THREADS: z.coerce.number().int().nonnegative().default(0),
  LOG_LEVEL: z.string().default('info'),
});

/** All that a runner knows when it starts. */
export interface RunnerEnv {
  trainerUrl: string;
  runId: string;
  start: number;
  token: string;
  workDirectory: string;
  cacheDirectory: string;
  engines: Record<string, readonly string[]>;
  threads: number;
  logLevel: string;
}

/** Reads a runner's environment. Throws a ZodError that names every problem. */
export function readRunnerEnv(source: NodeJS.ProcessEnv = process.env): RunnerEnv {
  const env = variables.parse(source);
  return {
    trainerUrl: env.TRAINER_URL.replace(/\/+$/, ''),
    runId: env.RUN_ID,
    start: env.RUN_START,
    token: env.RUN_TOKEN,
    workDirectory: env.RUN_WORK_DIRECTORY,
    cacheDirectory: env.CACHE_DIRECTORY,
    engines: env.ENGINES,
    threads: env.THREADS === 0 ? availableParallelism() : env.THREADS,
    logLevel: env.LOG_LEVEL,
  };
}
