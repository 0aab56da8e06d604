import { baseModelKey, stage, type ApiModel, type createModelBody, type listModelsQuery } from '@attune/contracts';
import { toModelKey, type ModelId, type OrganizationId } from '@attune/kernel';
import type { z } from 'zod';
import {
  modelStatus,
  statusMessage,
  type LiveRun,
  type Model,
  type ModelFilter,
  type ModelMetrics,
  type ModelStatus,
  type NewModel,
} from './model';

const MS_PER_HOUR = 3_600_000;

/** The public shape of a model. Fields that belong to a status are left out of the others. */
export function toApiModel(model: Model): ApiModel {
  const { status } = model;
  const started = status >= modelStatus.running && model.startedAt !== null;
  return {
    id: model.id,
    model_key: toModelKey(model.id),
    name: model.name,
    description: model.description,
    language: model.language,
    base_model: baseModelKey.parse(model.baseModel),
    training_status: status,
    status_message: statusMessage(model),
    ...(status === modelStatus.running ? { training_progress: model.progress } : {}),
    ...(status === modelStatus.succeeded ? { training_progress: 100 } : {}),
    ...(status === modelStatus.running && model.live ? toApiLive(model.live) : {}),
    created_at: toApiTime(model.createdAt),
    updated_at: toApiTime(model.updatedAt),
    ...(started && model.startedAt ? { started_training_at: toApiTime(model.startedAt) } : {}),
    ...(status === modelStatus.succeeded && model.finishedAt
      ? { finished_training_at: toApiTime(model.finishedAt) }
      : {}),
    ...(status === modelStatus.succeeded && model.metrics ? { training_metrics: toApiMetrics(model.metrics) } : {}),
    ...(status === modelStatus.failed ? { error: toApiFailure(statusMessage(model)) } : {}),
  };
}

/** What is not known, or no longer means anything because the run is about to end, is left out. */
export function toApiLive(
  live: Omit<LiveRun, 'runId'>,
): Pick<ApiModel, 'stage' | 'stage_detail' | 'eta_seconds' | 'queue_position'> {
  if (live.isCancelRequested) return { stage: 'cancelling' };
  return {
    stage: stage.parse(live.stage),
    ...(live.stageDetail === null ? {} : { stage_detail: live.stageDetail }),
    ...(live.etaSeconds === null ? {} : { eta_seconds: Math.round(live.etaSeconds) }),
    ...(live.queuePosition === null ? {} : { queue_position: live.queuePosition }),
  };
}

/** UTC to the second, as the contract writes times. */
export function toApiTime(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

export function toApiMetrics(metrics: ModelMetrics): NonNullable<ApiModel['training_metrics']> {
  return {
    word_error_rate: round(metrics.wordErrorRate, 2),
    accuracy_improvement: round(metrics.accuracyImprovement, 2),
    character_error_rate: round(metrics.characterErrorRate, 2),
    training_hours: round(metrics.trainingMs / MS_PER_HOUR, 4),
    base_word_error_rate: round(metrics.baseWordErrorRate, 2),
    base_character_error_rate: round(metrics.baseCharacterErrorRate, 2),
    evaluated_on: metrics.evaluatedOn,
  };
}

/** `reason` is in the customer's words. */
export function toApiFailure(reason: string): NonNullable<ApiModel['error']> {
  return { error_code: 'TRAINING_FAILED', message: reason, details: { reason } };
}

function round(value: number, decimals: number): number {
  const factor = 10 ** decimals;
  return Math.round(value * factor) / factor;
}

/** The model number of a path; null for anything that is none, which is a missing model and never a bad request. */
export function fromApiModelId(text: string): ModelId | null {
  if (!/^[1-9]\d{0,15}$/.test(text)) return null;
  const id = Number(text);
  return Number.isSafeInteger(id) ? (id as ModelId) : null;
}

export function fromApiNewModel(organizationId: OrganizationId, body: z.infer<typeof createModelBody>): NewModel {
  const { name, language, base_model: baseModel, description } = body;
  return { organizationId, name, language, baseModel, description: description ?? null };
}

export function fromApiModelFilter(query: z.infer<typeof listModelsQuery>): ModelFilter {
  return { status: query.status as ModelStatus | undefined, language: query.language, baseModel: query.base_model };
}

export interface Page {
  offset: number;
  limit: number;
}

/** `page`/`per_page` as documented, or `offset`/`limit` as the older list calls had them; the older pair wins where it is named. */
export function fromApiPage(
  query: { page?: number; per_page?: number; offset?: number; limit?: number },
  defaultSize: number,
): Page {
  const limit = query.limit ?? query.per_page ?? defaultSize;
  return { limit, offset: query.offset ?? ((query.page ?? 1) - 1) * limit };
}
