import { Option, type Command } from 'commander';
import { baseModelKeys, type BaseModelKey } from '@attune/contracts';
import type { AddAction } from '../command';
import { exitCodes } from '../exit-codes';

interface Options {
  language: string;
  baseModel: BaseModelKey;
  description?: string;
}

export function addCreate(program: Command, addAction: AddAction): void {
  const command = program
    .command('create')
    .description('create a custom model')
    .argument('<name>', 'what you call it')
    .option('-l, --language <code>', 'language of the recordings, ISO 639-1', 'en')
    .addOption(new Option('-b, --base-model <key>', 'what to train from').choices(baseModelKeys).default('general'))
    .option('-d, --description <text>', 'up to 1000 characters');
  addAction<Options>(command, async ({ client, terminal }, { language, baseModel, description }, name = '') => {
    const model = await client.models.create({
      name,
      language,
      baseModel,
      ...(description !== undefined && { description }),
    });
    const next = `next: attune upload ${String(model.id)} FOLDER`;
    terminal.result(model, `created ${model.model_key} "${model.name}"\n${next}`);
    return exitCodes.ok;
  });
}
