export default {
  invariant: 37,
  statement: 'The same pair sent twice at once is stored once',
  file: 'apps/models-api/src/data-items/pair-registrar.service.ts',
  find: 'const twin = pair.textSha256 === null ? null : await this.items.findTwin(tx, model.id, pair.audioSha256);',
  replace: 'const twin = null as Awaited<ReturnType<DataItemsRepository["findTwin"]>>;',
  project: 'integration',
  test: 'apps/models-api/src/operations/upload-data/duplicates.int.test.ts',
  assertion:
    'the same recording sent again to a model at the same moment, at two replicas, is stored once, and both are told of the same item',
};
