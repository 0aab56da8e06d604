import type { Command } from 'commander';
import type { ApiFeedEvent, ApiLogLine } from '@attune/contracts';
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
    const lines = follow ? linesOf(client.follow(id)) : client.log(id);
    for await (const line of lines) terminal.result(line, formatLogLine(line));
    return exitCodes.ok;
  });
}

/** The log lines among the events, as the log has them. */
async function* linesOf(events: AsyncIterable<ApiFeedEvent>): AsyncGenerator<ApiLogLine, void> {
  for await (const event of events) {
    if (event.type !== 'log') continue;
    const { timestamp, level, stage, message } = event;
    yield { timestamp, level, stage, message };
  }
}
