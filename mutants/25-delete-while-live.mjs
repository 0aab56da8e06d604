/** A model is deleted while its run is live. */
export default {
  invariant: 25,
  statement: 'A deletion that races the end of its run leaves no row and no object',
  file: 'apps/models-api/src/models/model-erasure.service.ts',
  find: 'if (await this.runs.hasLive(tx, id)) throw modelBusy();',
  replace: '',
  project: 'integration',
  test: 'apps/models-api/src/operations/delete-model/race.int.test.ts',
  assertion:
    'DELETE /api/v3/custom_models/{id} against the end of its run waits for one end, whichever comes first, and leaves no object and no row of the model',
};
