export default {
  invariant: 9,
  statement: 'What the price includes is used once',
  file: 'apps/billing/src/charges/charges.service.ts',
  find: '...rate(book, { beforeMs: usedMs, addedMs: newMs }),',
  replace: '...rate(book, { beforeMs: 0n * usedMs, addedMs: newMs }),',
  project: 'integration',
  test: 'apps/billing/src/charges/allowance.int.test.ts',
  assertion:
    'what the price includes is used once by 17 runs of one model that complete together around its end, at three instances',
};
