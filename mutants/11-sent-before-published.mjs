/** The relay writes down that an event was sent before it sends it: at most once, instead of at least once. */
export default {
  invariant: 11,
  statement: 'Committed intents are effects: each once, and no other, whenever a process dies',
  file: 'packages/messaging/src/relay.ts',
  find: `    const { sent, failure } = await this.publishAll(rows);
`,
  replace: `    await client.query('UPDATE outbox SET sent_at = clock_timestamp() WHERE id = ANY($1)', [rows.map(({ id }) => id)]);
    await client.query('COMMIT');
    const { sent, failure } = await this.publishAll(rows);
`,
  project: 'integration',
  test: 'packages/messaging/src/crashes.int.test.ts',
  assertion:
    "committed intents are effects, with the usual duplicate window of the broker once each, though publishers and consumers die at every point of an event's way",
};
