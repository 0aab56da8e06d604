/** Readiness does not look at how the broker stores. */
export default {
  invariant: 15,
  statement: 'No service is ready over a broker that acknowledges before it writes, and its readiness says why',
  file: 'packages/messaging/src/messaging.ts',
  find: `    if (this.settings.monitorUrl !== undefined) await checkDurability(this.settings.monitorUrl);
`,
  replace: `    if (this.settings.monitorUrl === '') await checkDurability(this.settings.monitorUrl);
`,
  project: 'integration',
  test: 'apps/evaluator/src/evaluator.int.test.ts',
  assertion: 'the evaluator is not ready over a NATS that acknowledges before it writes, and says so',
};
