export default {
  invariant: 32,
  statement: 'A plan never has more live models than it allows',
  file: 'apps/models-api/src/organizations/organizations.repository.ts',
  find: `      lock: { mode: 'for_no_key_update' },
`,
  replace: '',
  project: 'integration',
  test: 'apps/models-api/src/operations/create-model/402.int.test.ts',
  assertion:
    'POST /api/v3/custom_models answers 402 to all but one of 50 at once on three instances, with four of five models there',
};
