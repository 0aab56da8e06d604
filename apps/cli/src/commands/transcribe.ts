import type { Command } from 'commander';
import type { AddAction } from '../command';
import { exitCodes } from '../exit-codes';
import { parseModelKey } from '../model-argument';

interface Options {
  model: string;
  language?: string;
}

export function addTranscribe(program: Command, addAction: AddAction): void {
  const command = program
    .command('transcribe')
    .description('transcribe a recording (with --json words and their times too)')
    .argument('<file>', 'mp3, wav, flac, m4a, aac or ogg')
    .requiredOption('-m, --model <model>', 'a custom model\'s number or key, or a base model, such as "general"')
    .option('-l, --language <code>', "language of the recording, ISO 639-1; the model's own if not said");
  addAction<Options>(command, async ({ client, terminal }, { model, language }, file = '') => {
    const options = { model: parseModelKey(model), ...(language !== undefined && { language }) };
    const transcript = await client.transcribe(file, options);
    terminal.result(transcript, transcript.text);
    return exitCodes.ok;
  });
}
