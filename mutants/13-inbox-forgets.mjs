/** The inbox writes down another id than the event's. */
export default {
  invariant: 13,
  statement:
    'An event that comes 1 to 10 times, in any order, to two instances, has the effect of one delivery in order',
  file: 'packages/messaging/src/handle.ts',
  find: `        [definition.name, event.id, event.organization_id],
      );
      if (inserted`,
  replace: `        [definition.name, crypto.randomUUID(), event.organization_id],
      );
      if (inserted`,
  project: 'integration',
  test: 'packages/messaging/src/redelivery.int.test.ts',
  assertion:
    'deliveries of one event leave the state of one delivery in order, come they 1 to 10 times, in any order, to two instances',
};
