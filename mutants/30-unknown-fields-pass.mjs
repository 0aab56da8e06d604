/** A body may carry fields that the contract does not have. */
export default {
  invariant: 30,
  statement: 'No route takes a field that its contract does not have',
  file: 'packages/contracts/src/models.schema.ts',
  find: ".object({ name, language, base_model: baseModelKey.default('general'), description: description.nullish() })\n  .strict();",
  replace:
    ".object({ name, language, base_model: baseModelKey.default('general'), description: description.nullish() })\n  .passthrough();",
  project: 'integration',
  test: 'apps/models-api/src/operations/every-route/mass-assignment.int.test.ts',
  assertion:
    'no route takes a field that its contract does not have customModels.create: each column name and each property of objects is refused, and nothing changes',
};
