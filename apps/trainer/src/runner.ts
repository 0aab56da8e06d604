import { exitCodes, isOrphan } from '@attune/engine-protocol';
import { createLogger } from '@attune/observability';
import { runOne } from './runner/run-one';
import { readRunnerEnv } from './runner/env';

/** One start of one run, as a program: see README.md, The runner. */
async function main(): Promise<number> {
  const env = readRunnerEnv();
  if (isOrphan()) return exitCodes.interrupted;
  const logger = createLogger('runner', env.logLevel).child({ run_id: env.runId, start: env.start });
  const ending = new AbortController();
  process.on('SIGTERM', () => ending.abort());
  process.on('SIGINT', () => ending.abort());
  return runOne(env, logger, ending.signal);
}

main().then(
  // Not exitCode: a connection that is still open must not keep a runner alive that has nothing left to do.
  (code) => process.exit(code),
  (error: unknown) => {
    createLogger('runner').fatal({ err: error }, 'the runner could not start');
    process.exit(70);
  },
);
