import { Injectable } from '@nestjs/common';
import type { EventPayload } from '@attune/events';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import { defineConsumer, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import { RunCancellationsService } from './run-cancellations.service';
import type { NewRun } from './runs.repository';
import { RunsService } from './runs.service';

/**
 * The seed of every run: with the same data, base and processor type, training again gives the same artifact. It is stored with the run, so
 * a later default changes no run that exists.
 */
const SEED = 17;

@Injectable()
export class RunsConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(runs: RunsService, cancellations: RunCancellationsService) {
    this.definition = defineConsumer({
      name: 'training-runs',
      handlers: {
        'models.run-requested.v1': ({ data }, tx) => runs.requestRun(tx, toNewRun({ ...data, accelerator: null })),
        'models.run-requested.v2': ({ data }, tx) => runs.requestRun(tx, toNewRun(data)),
        'models.run-cancel-requested.v1': ({ data }, tx) =>
          cancellations.requestCancel(tx, {
            organizationId: data.organization_id as OrganizationId,
            modelId: data.model_id as ModelId,
            runId: data.run_id as RunId,
          }),
        'models.model-deleted.v1': ({ data }, tx) =>
          runs.eraseModel(tx, data.organization_id as OrganizationId, data.model_id as ModelId),
        'evaluation.completed.v1': ({ data }, tx) => runs.finishRun(tx, data),
        'evaluation.failed.v1': ({ data }, tx) => runs.failEvaluation(tx, data),
      },
    });
  }
}

function toNewRun(data: EventPayload<'models.run-requested.v2'>): NewRun {
  return {
    organizationId: data.organization_id as OrganizationId,
    modelId: data.model_id as ModelId,
    runId: data.run_id as RunId,
    snapshotKey: data.snapshot_key,
    snapshotSha256: data.snapshot_sha256,
    baseModel: data.base_model,
    baseDigest: data.base_digest,
    language: data.language,
    trainingMs: data.training_ms,
    accelerator: data.accelerator,
    seed: SEED,
  };
}
