import { InvalidArgumentError, Option, type Command } from 'commander';
import type { AddAction, CommandContext } from '../command';
import { exitCodes, UsageError, type ExitCode } from '../exit-codes';
import { formatBytes, formatEta, formatTable } from '../format';
import { parseModelId } from '../model-argument';
import { describeData } from '../model-text';
import { Eta, startProgress } from '../progress';
import { UploadJournal } from '../upload/journal';
import { findPairs, typePairs, type DataType, type FoundPair, type Unpaired } from '../upload/pairs';
import { isArchive, uploadArchive } from '../upload/upload-archive';
import { uploadPairs, type Refusal } from '../upload/upload-pairs';
import { waitForVerdicts } from '../upload/verdicts';

interface Options {
  type?: DataType;
  testShare?: number;
  parallel: number;
  again?: boolean;
  wait: boolean;
}

type Queue = { pair: FoundPair; type: DataType }[];

export function addUpload(program: Command, addAction: AddAction): void {
  const command = program
    .command('upload')
    .description('upload every recording with its .txt below a folder; run it again to send what is missing')
    .argument('<model>', 'number or key')
    .argument(
      '<folder>',
      'pairs of the same name, in any depth: letter_01.mp3, letter_01.txt; or a .zip or .tar.gz of such',
    )
    .addOption(
      new Option('-t, --type <type>', 'what all of them are (else pairs below test/ are test data)').choices([
        'train',
        'test',
      ]),
    )
    .addOption(
      new Option('--test-share <share>', 'make this share of them test data, such as 0.2')
        .argParser(parseShare)
        .conflicts('type'),
    )
    .option('--parallel <n>', 'uploads at the same time', parseParallel, 4)
    .option('--again', 'also send what an earlier run has stored')
    .option('--no-wait', 'do not wait for the check of the uploaded pairs');
  addAction<Options>(command, upload);
}

async function upload(context: CommandContext, options: Options, argument = '', folder = ''): Promise<ExitCode> {
  const { client, env, terminal } = context;
  const id = parseModelId(argument);
  if (await isArchive(folder)) {
    if (options.testShare !== undefined)
      throw new UsageError('--test-share is for folders: an archive has test/ or a manifest');
    return uploadArchive(context, id, folder, options);
  }
  const { pairs, unpaired } = await findPairs(folder);
  if (unpaired.length > 0)
    terminal.note(`not uploaded, ${String(unpaired.length)} without a partner:\n${listOf(unpaired)}`);
  if (pairs.length === 0) throw new UsageError(`no recording with a transcript of the same name below ${folder}`);

  const journal = await UploadJournal.open(env.stateDirectory, env.url, await client.models.get(id), folder);
  const typed = typePairs(pairs, {
    ...(options.type && { fixed: options.type }),
    ...(options.testShare !== undefined && { share: options.testShare }),
  });
  const queue = options.again ? typed : typed.filter(({ pair }) => !journal.has(pair));
  const skipped = typed.length - queue.length;
  if (skipped > 0)
    terminal.note(`${String(skipped)} pairs were stored by an earlier run (--again sends them once more)`);

  const before = await client.dataSummary(id);
  const refused = await send(context, id, queue, journal, options.parallel);
  const after = options.wait ? await waitForVerdicts(context, id) : await client.dataSummary(id);
  const lateRefusals = after.train.rejected + after.test.rejected - before.train.rejected - before.test.rejected;
  const uploaded = queue.length - refused.length;
  const summary = `uploaded ${String(uploaded)} of ${String(queue.length)} pairs\n${describeData(after)}`;
  terminal.result({ uploaded, skipped, refused, refused_later: lateRefusals, unpaired, data: after }, summary);
  if (refused.length > 0) terminal.note(refusalTable(refused));
  if (lateRefusals > 0) terminal.note(`${String(lateRefusals)} pairs were refused by the check after their upload`);
  return refused.length > 0 || lateRefusals > 0 ? exitCodes.refused : exitCodes.ok;
}

async function send(
  context: CommandContext,
  id: number,
  queue: Queue,
  journal: UploadJournal,
  parallel: number,
): Promise<Refusal[]> {
  const refused: Refusal[] = [];
  const progress = startProgress(context.terminal);
  const eta = new Eta();
  const totalBytes = queue.reduce((sum, { pair }) => sum + pair.audio.bytes + pair.transcript.bytes, 0);
  let [bytes, items] = [0, 0];
  const show = (): void => {
    // Headers of the parts and second tries count too: never show more than there is.
    const done = items === queue.length ? totalBytes : Math.min(bytes, totalBytes);
    const counts = `${formatBytes(done)} of ${formatBytes(totalBytes)}, ${String(items)} of ${String(queue.length)} pairs`;
    progress.update(done, totalBytes, `${counts}${formatEta(eta.secondsLeft(done, totalBytes))}`);
  };
  try {
    await uploadPairs(context.client, id, queue, {
      parallel,
      onBytes: (more) => {
        bytes += more;
        show();
      },
      onStored: async (pair) => {
        await journal.add(pair);
        items += 1;
        show();
      },
      onRefused: (refusal) => {
        refused.push(refusal);
        items += 1;
        show();
      },
    });
  } catch (error) {
    progress.stop();
    context.terminal.note(
      `${String(items)} of ${String(queue.length)} pairs were sent; run the same command again to send the rest`,
    );
    throw error;
  } finally {
    progress.stop();
  }
  return refused;
}

function listOf(unpaired: readonly Unpaired[]): string {
  return unpaired.map(({ path, reason }) => `  ${path}: ${reason}`).join('\n');
}

function refusalTable(refused: readonly Refusal[]): string {
  const rows = refused.map(({ name, error_code, message }) => [name, error_code, message]);
  return `refused:\n${formatTable(['PAIR', 'CODE', 'REASON'], rows)}`;
}

function parseShare(text: string): number {
  const share = Number(text);
  if (!(share >= 0 && share < 1)) throw new InvalidArgumentError('give a number from 0 to below 1, such as 0.2');
  return share;
}

function parseParallel(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 32)
    throw new InvalidArgumentError('give a whole number from 1 to 32');
  return count;
}
