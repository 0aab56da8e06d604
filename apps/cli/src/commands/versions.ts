import type { Command } from 'commander';
import type { AddAction } from '../command';
import { exitCodes, UsageError } from '../exit-codes';
import { formatSeconds, formatTable } from '../format';
import { parseModelId } from '../model-argument';

export function addVersions(program: Command, addAction: AddAction): void {
  const command = program
    .command('versions')
    .description('list the versions of a model, newest first; the one that serves is marked')
    .argument('<model>', 'number or key');
  addAction(command, async ({ client, terminal }, _options, argument = '') => {
    const id = parseModelId(argument);
    const versions = await client.versions.list(id);
    const rows = versions.map((version) => [
      version.active ? '*' : '',
      String(version.number),
      version.created_at,
      `${version.training_metrics.word_error_rate.toFixed(1)} %`,
      formatSeconds(version.training_audio_ms / 1000),
      version.model,
    ]);
    const text = formatTable(['', 'VERSION', 'CREATED', 'WER', 'AUDIO', 'TRANSCRIBE WITH'], rows);
    terminal.result(versions, versions.length === 0 ? 'no versions yet: a run that succeeds makes one' : text);
    return exitCodes.ok;
  });
}

export function addActivate(program: Command, addAction: AddAction): void {
  const command = program
    .command('activate')
    .description('let a model serve with one of its versions, an earlier one too')
    .argument('<model>', 'number or key')
    .argument('<version>', 'number, as `attune versions` lists them');
  addAction(command, async ({ client, terminal }, _options, argument = '', number = '') => {
    const id = parseModelId(argument);
    if (!/^[1-9]\d{0,8}$/.test(number)) throw new UsageError(`"${number}" is no version: give its number`);
    const model = await client.versions.activate(id, Number(number));
    terminal.result(model, `${model.model_key} serves with version ${number}`);
    return exitCodes.ok;
  });
}
