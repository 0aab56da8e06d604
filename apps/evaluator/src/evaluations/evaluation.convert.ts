import type { EventPayload, RunMetrics } from '@attune/events';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { EvaluatedRun, Metrics, TrainedRun } from './evaluation';

export function fromEventTrained(data: EventPayload<'training.run-trained.v1'>): TrainedRun {
  return {
    organizationId: data.organization_id as OrganizationId,
    modelId: data.model_id as ModelId,
    runId: data.run_id as RunId,
    epoch: data.epoch,
    language: data.language,
    baseDecode: { key: data.base_decode_key, sha256: data.base_decode_sha256 },
    customDecode: { key: data.custom_decode_key, sha256: data.custom_decode_sha256 },
    evaluatedOn: data.evaluated_on,
  };
}

export function toEventRun(run: EvaluatedRun): {
  organization_id: string;
  model_id: number;
  run_id: string;
  epoch: number;
} {
  return { organization_id: run.organizationId, model_id: run.modelId, run_id: run.runId, epoch: run.epoch };
}

export function toEventMetrics(metrics: Metrics): RunMetrics {
  return {
    word_error_rate: metrics.wordErrorRate,
    character_error_rate: metrics.characterErrorRate,
    accuracy_improvement: metrics.accuracyImprovement,
    base_word_error_rate: metrics.baseWordErrorRate,
    base_character_error_rate: metrics.baseCharacterErrorRate,
    test_words: metrics.testWords,
    evaluated_on: metrics.evaluatedOn,
  };
}
