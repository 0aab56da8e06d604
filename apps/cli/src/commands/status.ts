import type { Command } from 'commander';
import type { AddAction } from '../command';
import { exitCodes } from '../exit-codes';
import { parseModelId } from '../model-argument';
import { describeData, describeModel } from '../model-text';

export function addStatus(program: Command, addAction: AddAction): void {
  const command = program
    .command('status')
    .description('show a model, its data and its figures')
    .argument('<model>', 'number or key');
  addAction(command, async ({ client, terminal }, _options, argument = '') => {
    const id = parseModelId(argument);
    const [model, data] = await Promise.all([client.models.get(id), client.dataSummary(id)]);
    terminal.result({ ...model, data }, `${describeModel(model)}\n${describeData(data)}`);
    return exitCodes.ok;
  });
}
