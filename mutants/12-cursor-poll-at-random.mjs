/** The same cursor, found by random interleavings. */
export default {
  invariant: 12,
  statement: 'However transactions and looks interleave, every committed event is sent once, and no other',
  file: 'packages/messaging/src/relay.ts',
  find: `    FROM outbox WHERE sent_at IS NULL
    ORDER BY position LIMIT $1`,
  replace: `    FROM outbox WHERE position > (SELECT coalesce(max(position), 0) FROM outbox WHERE sent_at IS NOT NULL)
    ORDER BY position LIMIT $1`,
  project: 'integration',
  test: 'packages/messaging/src/commit-order.int.test.ts',
  assertion:
    'positions are given before transactions commit: the relay sends every committed event once, and no other, however transactions and looks interleave',
};
