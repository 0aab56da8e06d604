import type { EventPayload } from '@attune/events';

export const organizationId = '00000000-0000-7000-8000-000000000001';

/** The smallest event of the catalogue: a model's number is all it says. */
export const deleted = (modelId: number): EventPayload<'models.model-deleted.v1'> => ({
  organization_id: organizationId,
  model_id: modelId,
});
