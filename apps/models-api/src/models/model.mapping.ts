import type { ModelId, OrganizationId } from '@attune/kernel';
import type { RunMetrics } from '@attune/events';
import type { Model, ModelStatus } from './model';

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
    metrics: row.metrics && {
      wordErrorRate: row.metrics.word_error_rate,
      characterErrorRate: row.metrics.character_error_rate,
      accuracyImprovement: row.metrics.accuracy_improvement,
      baseWordErrorRate: row.metrics.base_word_error_rate,
      baseCharacterErrorRate: row.metrics.base_character_error_rate,
      evaluatedOn: row.metrics.evaluated_on,
      trainingMs: row.training_ms ?? 0,
    },
  };
}
