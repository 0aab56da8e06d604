import { stat } from 'node:fs/promises';
import type { ApiArchivePage } from '@attune/contracts';
import type { CommandContext } from '../command';
import { exitCodes, type ExitCode } from '../exit-codes';
import { formatBytes, formatEta, formatTable } from '../format';
import { describeData } from '../model-text';
import { Eta, startProgress } from '../progress';
import type { DataType } from './pairs';
import { waitForVerdicts } from './verdicts';

const ARCHIVE = /\.(zip|tar\.gz|tgz)$/i;

/** Whether `path` is an archive rather than a folder. */
export async function isArchive(path: string): Promise<boolean> {
  if (!ARCHIVE.test(path)) return false;
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Sends an archive, waits until it is unpacked, and says what became of its members. */
export async function uploadArchive(
  context: CommandContext,
  modelId: number,
  path: string,
  options: { type?: DataType; wait: boolean },
): Promise<ExitCode> {
  const { client, terminal } = context;
  const archiveId = await send(context, modelId, path, options.type);
  if (!options.wait) {
    terminal.result({ archive_id: archiveId }, `sent; archive ${archiveId} is being unpacked`);
    return exitCodes.ok;
  }
  const progress = startProgress(terminal);
  const page = await client.data
    .waitForArchive(modelId, archiveId, ({ counts }) => {
      const done = counts.stored + counts.duplicate + counts.refused;
      progress.update(done, done + 1, `${String(done)} pairs unpacked`);
    })
    .finally(() => progress.stop());
  const data = await waitForVerdicts(context, modelId);
  terminal.result({ ...page, data }, `${summaryOf(page)}\n${describeData(data)}`);
  const refused = page.members.result.filter(({ outcome }) => outcome === 'refused');
  if (refused.length > 0) {
    const rows = refused.map(({ name, reason }) => [name, reason?.code ?? '', reason?.message ?? '']);
    terminal.note(`refused:\n${formatTable(['MEMBER', 'CODE', 'REASON'], rows)}`);
  }
  return page.status === 'failed' || page.counts.refused > 0 ? exitCodes.refused : exitCodes.ok;
}

async function send(
  { client, terminal }: CommandContext,
  modelId: number,
  path: string,
  type: DataType | undefined,
): Promise<string> {
  const { size } = await stat(path);
  const progress = startProgress(terminal);
  const eta = new Eta();
  let sent = 0;
  try {
    const archive = await client.data.uploadArchive(modelId, path, {
      ...(type && { type }),
      onBytes: (bytes) => {
        sent = Math.min(sent + bytes, size);
        const left = formatEta(eta.secondsLeft(sent, size));
        progress.update(sent, size, `${formatBytes(sent)} of ${formatBytes(size)}${left}`);
      },
    });
    return archive.archive_id;
  } finally {
    progress.stop();
  }
}

function summaryOf({ status, error, counts }: ApiArchivePage): string {
  if (status === 'failed') return `nothing was taken: ${error?.message ?? 'the archive cannot be used'}`;
  const { stored, duplicate, refused, ignored } = counts;
  return `stored ${String(stored)} pairs, ${String(duplicate)} were stored before, ${String(refused)} refused, ${String(ignored)} other members passed over`;
}
