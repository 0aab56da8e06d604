export default {
  invariant: 8,
  statement: 'Billed milliseconds come from decoded samples',
  file: 'packages/media/src/normalize.ts',
  find: 'const audioMs = Math.floor((samples * 1000) / SAMPLE_RATE);',
  replace: 'const audioMs = Math.floor((report.declaredSeconds ?? 0) * 1000);',
  project: 'integration',
  test: 'packages/media/src/billed-time.int.test.ts',
  assertion:
    'what is billed is what a decoder gets out of an MP3 of varying bitrate without a header that says how long it is, to the frame, or nothing where it is refused',
};
