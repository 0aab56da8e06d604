import type { ApiLogLine, ApiModel, ApiRun, ApiVersion } from '@attune/contracts';
import type { EventPayload } from '@attune/events';
import { assertNever, toModelKey, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import type { Model } from '../models/model';
import { toApiFailure, toApiLive, toApiMetrics, toApiModel, toApiTime } from '../models/model.convert';
import type { RunFailure, RunProgress, RunRecord } from './run';
import type { RunRef } from './run-results.service';
import type { ListedVersion } from './version';

/** The answer to /run itself differs from a running model's in its message alone. */
export function toApiStartedModel(model: Model): ApiModel {
  return { ...toApiModel(model), status_message: 'Training started successfully' };
}

/** Fields that belong to a state are left out of the others. */
export function toApiRun(run: RunRecord): ApiRun {
  return {
    id: run.id,
    model_id: run.modelId,
    state: toApiRunState(run),
    ...(run.state === 'live' ? toApiLive(run) : {}),
    training_progress: run.progress,
    requested_at: toApiTime(run.requestedAt),
    ...(run.startedAt ? { started_at: toApiTime(run.startedAt) } : {}),
    ...(run.finishedAt ? { finished_at: toApiTime(run.finishedAt) } : {}),
    training_audio_ms: run.trainingMs,
    ...(run.version === null ? {} : { version: run.version }),
    ...(run.metrics ? { training_metrics: toApiMetrics(run.metrics) } : {}),
    ...(run.state === 'failed' ? { error: toApiFailure(run.failure?.message ?? 'Training failed') } : {}),
  };
}

/** Nothing of the run is at work yet, or any more. */
const waitingStages = ['queued', 'provisioning'];

function toApiRunState(run: RunRecord): ApiRun['state'] {
  switch (run.state) {
    case 'live':
      if (run.isCancelRequested) return 'cancelling';
      return waitingStages.includes(run.stage) ? 'queued' : 'running';
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      return run.state;
    default:
      return assertNever(run.state);
  }
}

export function toApiVersion(version: ListedVersion): ApiVersion {
  return {
    number: version.number,
    model: `${toModelKey(version.modelId)}@${String(version.number)}`,
    active: version.isActive,
    run_id: version.runId,
    created_at: toApiTime(version.createdAt),
    base_digest: version.baseDigest,
    digest: version.digest,
    training_audio_ms: version.trainingMs,
    training_metrics: toApiMetrics(version.metrics),
  };
}

/** The number of a path; null for anything that is none, which is a missing version and never a bad request. */
export function fromApiVersionNumber(text: string): number | null {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

/** One line of plain text a log line; a message never breaks out of its line. */
export function toPlainTextLog(lines: readonly ApiLogLine[]): string {
  return lines
    .map(
      ({ timestamp, level, stage, message }) =>
        `${timestamp} ${level.toUpperCase()} [${stage}] ${message.replace(/\s*[\r\n]+\s*/g, ' ')}\n`,
    )
    .join('');
}

export function fromEventRun(data: { organization_id: string; model_id: number; run_id: string }): RunRef {
  return {
    organizationId: data.organization_id as OrganizationId,
    modelId: data.model_id as ModelId,
    id: data.run_id as RunId,
  };
}

export function fromEventProgress(
  data: EventPayload<'training.run-progressed.v2'> | EventPayload<'training.run-progressed.v1'>,
): RunProgress {
  const { sequence, stage, progress, eta_seconds: etaSeconds } = data;
  return { sequence, stage, stageDetail: 'stage_detail' in data ? data.stage_detail : null, progress, etaSeconds };
}

export function fromEventFailure(data: EventPayload<'training.run-failed.v1'>): RunFailure {
  return data.failure;
}
