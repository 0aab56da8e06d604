import type { Command } from 'commander';
import type { AddAction } from '../command';
import { exitCodes } from '../exit-codes';
import { formatTable } from '../format';
import { statusWord } from '../model-text';

export function addModels(program: Command, addAction: AddAction): void {
  addAction(
    program.command('models').description('list your custom models, newest first'),
    async ({ client, terminal }) => {
      const models = await client.models.list();
      const rows = models.map((model) => [
        String(model.id),
        model.name,
        model.language,
        model.base_model,
        statusWord(model),
        model.training_metrics ? `${model.training_metrics.word_error_rate.toFixed(1)} %` : '',
      ]);
      const head = ['ID', 'NAME', 'LANGUAGE', 'BASE', 'STATUS', 'WER'];
      terminal.result(
        models,
        models.length === 0 ? 'no models yet: `attune create NAME` makes one' : formatTable(head, rows),
      );
      return exitCodes.ok;
    },
  );
}
