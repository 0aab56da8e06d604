import { toModelKey, type ModelId, type RunId } from '@attune/kernel';
import type { WebhookData } from './webhook-events.service';

/** What every event of a run says. */
export function runFacts(run: { modelId: ModelId; id: RunId }): WebhookData {
  return { ...modelFacts(run.modelId), run_id: run.id };
}

export function modelFacts(id: ModelId): WebhookData {
  return { model_id: id, model_key: toModelKey(id) };
}

/** How good a new version is, as the model's own metrics say it. */
export function metricFacts(metrics: {
  word_error_rate: number;
  character_error_rate: number;
  accuracy_improvement: number;
}): WebhookData {
  const { word_error_rate, character_error_rate, accuracy_improvement } = metrics;
  return { word_error_rate, character_error_rate, accuracy_improvement };
}
