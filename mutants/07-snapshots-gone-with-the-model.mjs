export default {
  invariant: 7,
  statement: 'A succeeded run is charged though its model is deleted before billing has heard of it',
  file: 'apps/models-api/src/models/model-erasure.service.ts',
  find: 'if (isCharged) await this.store.deletePrefix(prefix);',
  replace: 'if (isCharged || model.id > 0) await this.store.deletePrefix(prefix);',
  project: 'integration',
  test: 'apps/models-api/src/operations/delete-model/204.int.test.ts',
  assertion:
    'DELETE /api/v3/custom_models/{id} answers 204 and keeps of all objects only the snapshots of its runs until billing has recorded what they used',
};
