/** The relay looks for rows behind the last one that was sent, as a cursor would. */
export default {
  invariant: 12,
  statement: 'An event whose transaction commits after a later one was sent is sent too',
  file: 'packages/messaging/src/relay.ts',
  find: `    FROM outbox WHERE sent_at IS NULL
    ORDER BY position LIMIT $1`,
  replace: `    FROM outbox WHERE position > (SELECT coalesce(max(position), 0) FROM outbox WHERE sent_at IS NOT NULL)
    ORDER BY position LIMIT $1`,
  project: 'integration',
  test: 'packages/messaging/src/commit-order.int.test.ts',
  assertion:
    'positions are given before transactions commit: the relay sends an event whose transaction commits after a later one has been sent',
};
