import type { Tx } from '@attune/database';
import type { Event } from '@attune/events';
import { defineConsumer, type ConsumerDefinition } from '../define';

export type Deleted = Event<'models.model-deleted.v1'>;

/** One row for each handling, so that a second one would show. */
export async function leaveEffect(
  tx: Tx,
  consumer: string,
  event: { id: string; data: { model_id: number } },
): Promise<void> {
  await tx.execute('INSERT INTO effect (consumer, event_id, item_id) VALUES ($1, $2, $3)', [
    consumer,
    event.id,
    event.data.model_id,
  ]);
}

/** Leaves one effect for each event; `before` may throw. */
export function effectConsumer(
  name: string,
  before: (event: Deleted) => void | Promise<void> = () => undefined,
  maxAttempts = 3,
): ConsumerDefinition {
  return defineConsumer({
    name,
    maxAttempts,
    handlers: {
      'models.model-deleted.v1': async (event, tx) => {
        await before(event);
        await leaveEffect(tx, name, event);
      },
    },
  });
}

export const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
