import type { Command } from 'commander';
import type { AddAction } from '../command';
import { exitCodes } from '../exit-codes';
import { parseModelId } from '../model-argument';

interface Options {
  wait: boolean;
}

export function addCancel(program: Command, addAction: AddAction): void {
  const command = program
    .command('cancel')
    .description('end the live run of a model; nothing is charged, and the model can be trained again')
    .argument('<model>', 'number or key')
    .option('--no-wait', 'ask for the end, and do not wait for it');
  addAction<Options>(command, async ({ client, terminal }, { wait }, argument = '') => {
    const id = parseModelId(argument);
    const asked = await client.cancelRun(id);
    if (!wait) {
      terminal.result(asked, 'the run ends within seconds');
      return exitCodes.ok;
    }
    const model = await client.waitForRun(id);
    const [run] = await client.runs.list(id);
    // It may have succeeded or failed in the very moment in which it was cancelled.
    terminal.result(model, `the run is ${run?.state ?? 'over'}: ${model.status_message}`);
    return exitCodes.ok;
  });
}
