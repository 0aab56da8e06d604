export default {
  invariant: 38,
  statement: 'A pair that is deleted while it is decoded leaves nothing',
  file: 'apps/ingestion/src/items/items.repository.ts',
  find: 'UNION ALL SELECT 1 FROM erased_item WHERE organization_id = $1 AND item_id = $3`',
  replace: 'UNION ALL SELECT 1 FROM erased_item WHERE organization_id = $1 AND item_id = $3 AND false`',
  project: 'integration',
  test: 'apps/ingestion/src/ingestion.int.test.ts',
  assertion: 'ingestion leaves nothing of a pair that is deleted while it is decoded',
};
