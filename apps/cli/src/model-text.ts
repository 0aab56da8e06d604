import type { DataSummary } from '@attune/client';
import type { ApiLogLine, ApiModel } from '@attune/contracts';
import { werWord } from '@attune/scoring';
import { formatEta, formatSeconds } from './format';

const statusWords = ['', 'not running', 'ready to run', 'running', 'success', 'failed'] as const;

/** The status as a word; the number is for programs. */
export function statusWord(model: ApiModel): string {
  return statusWords[model.training_status] ?? String(model.training_status);
}

/** All that a person wants to know of a model. */
export function describeModel(model: ApiModel): string {
  const lines = [
    `${model.model_key}  ${model.name}`,
    ...(model.description === null ? [] : [model.description]),
    `language ${model.language}, base model ${model.base_model}, created ${model.created_at}`,
    `${statusWord(model)}: ${model.status_message}${progressOf(model)}`,
  ];
  if (model.error) lines.push(`reason: ${model.error.message}`);
  if (model.training_metrics) lines.push(describeMetrics(model.training_metrics));
  return lines.join('\n');
}

export function describeMetrics(metrics: NonNullable<ApiModel['training_metrics']>): string {
  const gain = metrics.accuracy_improvement;
  const heldOut = 'a fifth of the training recordings, kept out of training; upload test data for a stricter figure';
  return [
    `word error rate       ${metrics.word_error_rate.toFixed(1)} % (${werWord(metrics.word_error_rate)}), base ${metrics.base_word_error_rate.toFixed(1)} %`,
    `character error rate  ${metrics.character_error_rate.toFixed(1)} %, base ${metrics.base_character_error_rate.toFixed(1)} %`,
    `against the base      ${Math.abs(gain).toFixed(1)} % ${gain < 0 ? 'more' : 'fewer'} word errors`,
    `measured on           ${metrics.evaluated_on === 'test_set' ? 'your test data' : heldOut}`,
    `trained on            ${metrics.training_hours.toFixed(2)} h of audio`,
  ].join('\n');
}

export function describeData(summary: DataSummary): string {
  return (['train', 'test'] as const)
    .map((type) => {
      const { ready, processing, rejected, audio_ms } = summary[type];
      const parts = [`${String(ready)} ready (${formatSeconds(audio_ms / 1000)})`];
      if (processing > 0) parts.push(`${String(processing)} being processed`);
      if (rejected > 0) parts.push(`${String(rejected)} refused`);
      return `${type.padEnd(5)} data: ${parts.join(', ')}`;
    })
    .join('\n');
}

export function formatLogLine(line: ApiLogLine): string {
  return `${line.timestamp}  ${line.level.padEnd(7)}  ${line.stage.padEnd(10)}  ${line.message}`;
}

/** The stage, and what it waits for where there is something to say. */
export function formatStage(stage: string, detail: string | undefined): string {
  return detail === undefined ? stage : `${stage}: ${detail.replace(/\.$/, '')}`;
}

function progressOf(model: ApiModel): string {
  if (model.training_status !== 3 || model.training_progress === undefined) return '';
  const stage = model.stage === undefined ? '' : `${formatStage(model.stage, model.stage_detail)}, `;
  const queue = model.queue_position === undefined ? '' : `, number ${String(model.queue_position)} in the queue`;
  return ` (${stage}${model.training_progress.toFixed(0)} %${queue}${formatEta(model.eta_seconds ?? null)})`;
}
