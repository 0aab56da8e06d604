import type { Database } from '@attune/database';
import type { Outbox } from '../outbox';
import { deleted, organizationId } from './events';

/** What a program meant to tell: a row of its own beside the event, so that the outbox is not the witness of itself. */
export const intents = `CREATE TABLE intent (item_id bigint PRIMARY KEY);`;

/** Commits an intent and its event together; `beforeCommit` may end the process. */
export function commitIntent(
  database: Database,
  outbox: Outbox,
  modelId: number,
  beforeCommit: () => void = () => undefined,
): Promise<void> {
  return database.runInTransaction({ organizationId }, async (tx) => {
    await tx.execute('INSERT INTO intent (item_id) VALUES ($1)', [modelId]);
    await outbox.add(tx, 'models.model-deleted.v1', deleted(modelId), { aggregateId: modelId });
    beforeCommit();
  });
}
