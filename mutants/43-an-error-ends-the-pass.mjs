/** A start that answers with errors only ends each pass of the starter. */
export default {
  invariant: 43,
  statement: 'One start, one lost machine or one trainer in trouble holds up no other',
  file: 'apps/trainer/src/starts/starter.ts',
  find: `        this.logger.warn({ run_id: item.runId }, \`starter: \${messageOf(error)}\`);
`,
  replace: `        this.logger.warn({ run_id: item.runId }, \`starter: \${messageOf(error)}\`);
        throw error;
`,
  project: 'integration',
  test: 'apps/trainer/src/starts/starter.int.test.ts',
  assertion: 'a pass of the starter settles all that it can, though one start answers nothing but errors',
};
