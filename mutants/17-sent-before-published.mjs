/** As for invariant 11, with a broker that forgets ids after 100 ms. */
export default {
  invariant: 17,
  statement: "Committed intents are effects without the broker's duplicate window",
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
    "committed intents are effects, with a duplicate window of 100 ms of the broker once each, though publishers and consumers die at every point of an event's way",
};
