/** The first run of the line that has no place ends the search for one that has. */
export default {
  invariant: 43,
  statement: 'One start, one lost machine or one trainer in trouble holds up no other',
  file: 'apps/trainer/src/starts/queue.repository.ts',
  find: '      const run = placement === null ? null : await this.lockWaiting(tx, candidate.runId);',
  replace: `      if (placement === null) return null;
      const run = await this.lockWaiting(tx, candidate.runId);`,
  project: 'integration',
  test: 'apps/trainer/src/starts/queue.int.test.ts',
  assertion: 'the order of starts passes over a run that has no place at the host, and tells the host what it holds',
};
