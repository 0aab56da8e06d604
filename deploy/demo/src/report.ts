import { writeFileSync } from 'node:fs';
import type { ApiModel } from '@attune/contracts';
import { werWord } from '@attune/scoring';
import type { Check, SideBySide } from './customer-job';

/** Seconds of wall time by stage, in the order they happened. */
export type Stages = Record<string, number>;

export interface DemoResult {
  model: ApiModel;
  metrics: NonNullable<ApiModel['training_metrics']>;
  unseen: Check | null;
  general: Check | null;
  sample: SideBySide;
  stages: Stages;
}

/** The figures for scripts: rates in percent, times in seconds. */
export function writeJson(path: string, result: DemoResult): void {
  const { metrics } = result;
  const body = {
    base_wer: metrics.base_word_error_rate,
    custom_wer: metrics.word_error_rate,
    base_cer: metrics.base_character_error_rate,
    custom_cer: metrics.character_error_rate,
    accuracy_improvement: metrics.accuracy_improvement,
    training_hours: metrics.training_hours,
    evaluated_on: metrics.evaluated_on,
    model_key: result.model.model_key,
    unseen: result.unseen,
    general: result.general,
    sample: { reference: result.sample.reference, base: result.sample.base.text, custom: result.sample.custom.text },
    stages: result.stages,
  };
  writeFileSync(path, `${JSON.stringify(body, null, 2)}\n`);
}

/** The same for a person. */
export function renderTable(result: DemoResult): string {
  const { metrics, sample } = result;
  const line = '-'.repeat(72);
  const rates = (label: string, base: number, custom: number, note = ''): string =>
    `${label.padEnd(34)}${percent(base)}${percent(custom)}  ${note}`.trimEnd();
  return [
    line,
    `${''.padEnd(34)}${'base'.padStart(10)}${'custom'.padStart(10)}`,
    rates(
      metrics.evaluated_on === 'test_set' ? 'word errors on the test set' : 'word errors on a held-out fifth',
      metrics.base_word_error_rate,
      metrics.word_error_rate,
      werWord(metrics.word_error_rate),
    ),
    rates('character errors', metrics.base_character_error_rate, metrics.character_error_rate),
    ...checkLine('same terms, free wordings', result.unseen),
    ...checkLine('general speech', result.general),
    line,
    `word errors saved: ${metrics.accuracy_improvement.toFixed(1)} % with ${metrics.training_hours.toFixed(2)} hours of training audio`,
    line,
    'a recording that nobody trained on',
    `  said    ${sample.reference}`,
    `  base    ${sample.base.text}`,
    `  custom  ${sample.custom.text}`,
    line,
    ...Object.entries(result.stages).map(
      ([stage, seconds]) => `${stage.padEnd(34)}${seconds.toFixed(1).padStart(9)} s`,
    ),
    `${'in all'.padEnd(34)}${Object.values(result.stages)
      .reduce((sum, seconds) => sum + seconds, 0)
      .toFixed(1)
      .padStart(9)} s`,
    line,
  ].join('\n');

  function checkLine(label: string, check: Check | null): string[] {
    return check === null ? [] : [rates(label, check.base_wer, check.custom_wer, `${String(check.words)} words`)];
  }
}

function percent(value: number): string {
  return `${value.toFixed(1)} %`.padStart(10);
}
