import { readFile, writeFile } from 'node:fs/promises';
import type { DecodedItem } from '@attune/events';
import { PROTOCOL_VERSION, transcribedItem, type TranscribeJob } from '@attune/engine-protocol';
import type { Recording } from './recordings';
import { RunFault } from './run-errors';
import type { RunSession } from './run-session';

/** Decodes the test set with one model and writes references and hypotheses as JSON lines, in the order of the recordings. */
export async function decodeTestSet(
  session: RunSession,
  name: 'base' | 'custom',
  modelDirectory: string,
  recordings: readonly Recording[],
): Promise<string> {
  session.enter(`decoding_${name}`);
  const results = session.path(`${name}.results.jsonl`);
  const job: TranscribeJob = {
    protocol: PROTOCOL_VERSION,
    command: 'transcribe',
    model_directory: modelDirectory,
    language: session.claim.language,
    threads: session.threads,
    word_times: false,
    items: recordings.map(({ id, audio }) => ({ id, audio })),
    results,
  };
  await session.runEngine(`decode-${name}`, job, () => undefined);

  const lines = (await readFile(results, 'utf8')).split('\n').filter((line) => line !== '');
  const texts = new Map(lines.map((line) => transcribedItem.parse(JSON.parse(line))).map(({ id, text }) => [id, text]));
  const decoded = recordings.map(({ id, transcript }): DecodedItem => {
    const hypothesis = texts.get(id);
    if (hypothesis === undefined)
      throw new RunFault('engine', 'The test recordings could not be transcribed completely.');
    return { item_id: id, reference: transcript, hypothesis };
  });
  const path = session.path(`${name}.decodes.jsonl`);
  await writeFile(path, decoded.map((item) => `${JSON.stringify(item)}\n`).join(''));
  return path;
}
