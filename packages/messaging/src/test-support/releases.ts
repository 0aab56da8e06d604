import type { Tx } from '@attune/database';
import type { Event, EventPayload } from '@attune/events';
import { newId } from '@attune/kernel';
import { defineConsumer, type ConsumerDefinition, type Handlers } from '../define';
import { leaveEffect } from './consumers';
import { deleted, organizationId } from './events';

/** What the releases of these tests handle: events of one stream, each about a model. */
export const told = {
  'models.model-deleted.v1': deleted,
  'models.runs-closed.v1': (modelId: number): EventPayload<'models.runs-closed.v1'> => ({
    organization_id: organizationId,
    model_id: modelId,
    succeeded: [],
  }),
  'models.data-deleted.v1': (modelId: number): EventPayload<'models.data-deleted.v1'> => ({
    organization_id: organizationId,
    model_id: modelId,
    item_id: newId(),
  }),
};
export type Told = keyof typeof told;

/** An event that both releases handle, one that the newer no longer does, and one that the older does not know. */
export const KEPT = 'models.model-deleted.v1';
export const GONE = 'models.runs-closed.v1';
export const NEW = 'models.data-deleted.v1';

/** The same consumer of a service in two releases. */
export const releases = (consumer: string): { old: ConsumerDefinition; newer: ConsumerDefinition } => ({
  old: release(consumer, [KEPT, GONE]),
  newer: release(consumer, [KEPT, NEW]),
});

/** Leaves one effect for each of these events. */
function release(consumer: string, events: readonly Told[]): ConsumerDefinition {
  const handlers: Handlers = {};
  const handler = (event: Event<Told>, tx: Tx): Promise<void> => leaveEffect(tx, consumer, event);
  for (const name of events) handlers[name] = handler;
  return defineConsumer({ name: consumer, handlers });
}
