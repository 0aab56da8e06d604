import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import type { NewRun } from '../runs/runs.repository';

const digest = `sha256:${'0'.repeat(64)}`;

/** A run as models-api would ask for it, for tests that never look at what it trains on. */
export function aNewRun(organizationId: OrganizationId, changes: Partial<NewRun> = {}): NewRun {
  return {
    runId: newId<RunId>(),
    organizationId,
    modelId: 1 as ModelId,
    snapshotKey: 'k',
    snapshotSha256: digest,
    baseModel: 'general',
    baseDigest: digest,
    language: 'en',
    trainingMs: 1,
    accelerator: null,
    seed: 17,
    ...changes,
  };
}
