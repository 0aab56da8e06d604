import type { ApiLogLine, ApiModel } from '@attune/contracts';
import type { EventPayload } from '@attune/events';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { Model } from '../models/model';
import { toApiModel } from '../models/model.convert';
import type { RunFailure, RunProgress } from './run';
import type { RunRef } from './run-results.service';

/** The answer to /run itself differs from a running model's in its message alone. */
export function toApiStartedModel(model: Model): ApiModel {
  return { ...toApiModel(model), status_message: 'Training started successfully' };
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

export function fromEventProgress(data: EventPayload<'training.run-progressed.v1'>): RunProgress {
  return { sequence: data.sequence, stage: data.stage, progress: data.progress, etaSeconds: data.eta_seconds };
}

export function fromEventFailure(data: EventPayload<'training.run-failed.v1'>): RunFailure {
  return data.failure;
}
