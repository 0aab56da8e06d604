import type { Command } from 'commander';
import type { AddAction } from '../command';
import { exitCodes } from '../exit-codes';
import { parseModelId } from '../model-argument';
import { formatLogLine } from '../model-text';

interface Options {
  follow?: boolean;
}

export function addLogs(program: Command, addAction: AddAction): void {
  const command = program
    .command('logs')
    .description('print the training log, oldest line first (with --json one object a line)')
    .argument('<model>', 'number or key')
    .option('-f, --follow', 'go on until the run ends');
  addAction<Options>(command, async ({ client, terminal }, { follow }, argument = '') => {
    const id = parseModelId(argument);
    let printed = 0;
    const printNew = async (): Promise<void> => {
      for await (const line of client.log(id, printed)) {
        terminal.result(line, formatLogLine(line));
        printed += 1;
      }
    };
    if (follow) await client.waitForRun(id, { onUpdate: printNew });
    else await printNew();
    return exitCodes.ok;
  });
}
