import { Counter } from '@attune/observability';
import type { AttemptEnd, RunFailure } from './run';

const starts = new Counter({ name: 'attune_training_starts_total', help: 'Starts that were ordered' });
const startEnds = new Counter({
  name: 'attune_training_start_ends_total',
  help: 'What became of starts',
  labelNames: ['outcome'],
});
const preemptions = new Counter({
  name: 'attune_training_preemptions_total',
  help: 'Starts that lost their machine',
});
const runFailures = new Counter({
  name: 'attune_training_run_failures_total',
  help: 'Runs that failed for good',
  labelNames: ['kind'],
});

// Read as 0 from the start: what appears with its first count is a rise that nobody sees.
for (const outcome of ['done', 'interrupted', 'preempted', 'unplaced', 'failed']) startEnds.inc({ outcome }, 0);
for (const kind of ['data', 'engine', 'platform']) runFailures.inc({ kind }, 0);

export function countStart(): void {
  starts.inc();
}

/** `done`: the run was delivered. */
export function countStartEnd(outcome: AttemptEnd['kind'] | 'done'): void {
  startEnds.inc({ outcome });
  if (outcome === 'preempted') preemptions.inc();
}

export function countRunFailure(kind: RunFailure['kind']): void {
  runFailures.inc({ kind });
}
