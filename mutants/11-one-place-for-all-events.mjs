/** All events of a consumer share one place in their stream, whose filter is that of whoever opened it last. */
export default {
  invariant: 11,
  statement: 'Every event is handled once while replicas of two releases are at work, in whatever order they start',
  file: 'packages/messaging/src/subjects.ts',
  find: "return `${consumer}_${event.replaceAll('.', '_')}`;",
  replace: 'return consumer;',
  project: 'integration',
  test: 'packages/messaging/src/upgrade.int.test.ts',
  assertion:
    'while one release replaces another every event is handled once with the old one started first, and however often the old one starts again',
};
