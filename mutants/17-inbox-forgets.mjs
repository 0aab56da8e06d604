/** Nothing but the broker's duplicate window keeps an event from being handled twice. */
export default {
  invariant: 17,
  statement: "Nothing relies on the broker's duplicate window",
  file: 'packages/messaging/src/handle.ts',
  find: `        [definition.name, event.id, event.organization_id],
      );
      if (inserted`,
  replace: `        [definition.name, crypto.randomUUID(), event.organization_id],
      );
      if (inserted`,
  project: 'integration',
  test: 'packages/messaging/src/outages.int.test.ts',
  assertion: 'messaging through outages does not rely on the duplicate window of the broker',
};
