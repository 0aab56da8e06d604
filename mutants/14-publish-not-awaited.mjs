/** A publish counts as stored when it is handed to the connection, not when the broker says that it has it. */
export default {
  invariant: 14,
  statement: 'No publish that was acknowledged is lost when the broker is killed',
  file: 'packages/messaging/src/broker.ts',
  find: `      await this.client.publish(subjectOf(message.eventName), message.envelope, {
        msgID: message.id,
        timeout: PUBLISH_TIMEOUT_MS,
        headers: extra,
      });
`,
  replace: `      void this.client
        .publish(subjectOf(message.eventName), message.envelope, { msgID: message.id, headers: extra })
        .catch(() => undefined);
`,
  project: 'integration',
  test: 'packages/messaging/src/broker-crash.int.test.ts',
  assertion:
    'a broker that is killed in the middle of many publishes has everything that it acknowledged, and nothing that was not sent',
};
