import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { AddAction, CommandContext } from '../command';
import { exitCodes, UsageError } from '../exit-codes';
import { parseModelId } from '../model-argument';

interface Options {
  yes?: boolean;
}

export function addDelete(program: Command, addAction: AddAction): void {
  const command = program
    .command('delete')
    .description('delete a model with its audio, transcripts and artifacts, for ever')
    .argument('<model>', 'number or key')
    .option('-y, --yes', 'do not ask');
  addAction<Options>(command, async (context, { yes }, argument = '') => {
    const { client, terminal } = context;
    const id = parseModelId(argument);
    const model = await client.models.get(id);
    if (!yes && !(await confirmed(context, `Delete ${model.model_key} "${model.name}" and all its data, for ever?`))) {
      terminal.note('nothing was deleted');
      return exitCodes.ok;
    }
    await client.models.remove(id);
    terminal.result({ id, deleted: true }, `deleted ${model.model_key} "${model.name}"`);
    return exitCodes.ok;
  });
}

/** Throws UsageError where nobody can be asked. */
export async function confirmed({ terminal, stdin, signal }: CommandContext, question: string): Promise<boolean> {
  if (!terminal.interactive) throw new UsageError('nobody can be asked here: add --yes to delete without a question');
  const reader = createInterface({ input: stdin, output: terminal.stderr });
  try {
    return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    reader.close();
  }
}
