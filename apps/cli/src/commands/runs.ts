import type { Command } from 'commander';
import type { ApiRun } from '@attune/contracts';
import type { AddAction } from '../command';
import { exitCodes } from '../exit-codes';
import { formatEta, formatSeconds, formatTable } from '../format';
import { parseModelId } from '../model-argument';
import { formatStage } from '../model-text';

export function addRuns(program: Command, addAction: AddAction): void {
  const command = program
    .command('runs')
    .description('list the runs of a model, newest first')
    .argument('<model>', 'number or key');
  addAction(command, async ({ client, terminal }, _options, argument = '') => {
    const id = parseModelId(argument);
    const runs = await client.runs.list(id);
    const rows = runs.map((run) => [
      run.requested_at,
      run.state,
      formatSeconds(run.training_audio_ms / 1000),
      run.version === undefined ? '' : String(run.version),
      run.training_metrics ? `${run.training_metrics.word_error_rate.toFixed(1)} %` : '',
      noteOn(run),
    ]);
    const text = formatTable(['REQUESTED', 'STATE', 'AUDIO', 'VERSION', 'WER', ''], rows);
    terminal.result(runs, runs.length === 0 ? `no runs yet: \`attune train ${String(id)}\` starts one` : text);
    return exitCodes.ok;
  });
}

function noteOn(run: ApiRun): string {
  if (run.error) return run.error.message;
  if (run.queue_position !== undefined) return `number ${String(run.queue_position)} in the queue`;
  if (run.stage === undefined || run.state === 'cancelling') return '';
  return `${formatStage(run.stage, run.stage_detail)}, ${run.training_progress.toFixed(0)} %${formatEta(run.eta_seconds ?? null)}`;
}
