import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { RunMetrics } from '@attune/events';
import { modelStatus, type LiveRun, type Model, type ModelMetrics, type ModelStatus } from './model';

/** A model with its last run and its current version, as the one query of models.repository reads them. */
export interface ModelRow {
  id: number;
  organization_id: string;
  name: string;
  description: string | null;
  language: string;
  base_model: string;
  status: number;
  created_at: Date;
  updated_at: Date;
  run_id: string | null;
  stage: string | null;
  stage_detail: string | null;
  eta_seconds: number | null;
  is_cancel_requested: boolean;
  progress: number | null;
  started_at: Date | null;
  finished_at: Date | null;
  failure: { message: string } | null;
  metrics: RunMetrics | null;
  training_ms: number | null;
}

export function fromRowModel(row: ModelRow): Model {
  return {
    id: row.id as ModelId,
    organizationId: row.organization_id as OrganizationId,
    name: row.name,
    description: row.description,
    language: row.language,
    baseModel: row.base_model,
    status: row.status as ModelStatus,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    progress: row.progress ?? 0,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    failure: row.failure?.message ?? null,
    live: fromRowLive(row),
    metrics: row.metrics && fromRowMetrics(row.metrics, row.training_ms ?? 0),
  };
}

/** The last run is the live one while the model is running, and never else. */
function fromRowLive(row: ModelRow): LiveRun | null {
  if (row.status !== modelStatus.running || row.run_id === null) return null;
  return {
    runId: row.run_id as RunId,
    stage: row.stage ?? 'queued',
    stageDetail: row.stage_detail,
    etaSeconds: row.eta_seconds,
    queuePosition: null,
    isCancelRequested: row.is_cancel_requested,
  };
}

export function fromRowMetrics(metrics: RunMetrics, trainingMs: number): ModelMetrics {
  return {
    wordErrorRate: metrics.word_error_rate,
    characterErrorRate: metrics.character_error_rate,
    accuracyImprovement: metrics.accuracy_improvement,
    baseWordErrorRate: metrics.base_word_error_rate,
    baseCharacterErrorRate: metrics.base_character_error_rate,
    evaluatedOn: metrics.evaluated_on,
    trainingMs,
  };
}
