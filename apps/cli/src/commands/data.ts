import { Option, type Command } from 'commander';
import type { DataFilter } from '@attune/client';
import type { ApiDataItem } from '@attune/contracts';
import type { AddAction } from '../command';
import { exitCodes, UsageError } from '../exit-codes';
import { formatBytes, formatSeconds, formatTable } from '../format';
import { parseModelId } from '../model-argument';
import { confirmed } from './delete';

const TYPES = ['train', 'test'] as const;
type DataType = (typeof TYPES)[number];

/** `attune data ...`: a model's recordings and transcripts, one by one. */
export function addData(program: Command, addAction: AddAction): void {
  const data = program.command('data').description("look at and change a model's recordings and transcripts");
  addList(data, addAction);
  addShow(data, addAction);
  addDownload(data, addAction);
  addMove(data, addAction);
  addReplaceTranscript(data, addAction);
  addDeleteItem(data, addAction);
}

function itemCommand(data: Command, name: string, description: string): Command {
  return data
    .command(name)
    .description(description)
    .argument('<model>', 'number or key')
    .argument('<data-id>', 'as `attune data list` shows it');
}

function addList(data: Command, addAction: AddAction): void {
  const command = data
    .command('list')
    .description('list items, newest first (with --json one object a line)')
    .argument('<model>', 'number or key')
    .addOption(new Option('-t, --type <type>', 'only this type').choices(TYPES))
    .addOption(
      new Option('--status <status>', 'only in this status').choices(['processing', 'ok', 'warning', 'rejected']),
    )
    .option('--issue <code>', 'only with this issue, such as TRANSCRIPT_TOO_SHORT_FOR_AUDIO');
  interface Options {
    type?: DataType;
    status?: ApiDataItem['item_status'];
    issue?: string;
  }
  addAction<Options>(command, async ({ client, terminal }, { type, status, issue }, model = '') => {
    const filter: DataFilter = {
      ...(type && { type }),
      ...(status && { itemStatus: status }),
      ...(issue !== undefined && { issue }),
    };
    const rows: string[][] = [];
    for await (const item of client.data.list(parseModelId(model), filter)) {
      if (terminal.json) terminal.result(item, '');
      else rows.push([item.data_id, item.type, item.item_status, lengthOf(item), item.filename, issuesOf(item)]);
    }
    if (!terminal.json)
      terminal.result(
        null,
        rows.length === 0
          ? 'no such data'
          : formatTable(['ID', 'TYPE', 'STATUS', 'LENGTH', 'RECORDING', 'ISSUES'], rows),
      );
    return exitCodes.ok;
  });
}

function addShow(data: Command, addAction: AddAction): void {
  const command = itemCommand(data, 'show', 'show an item and what to do about its issues');
  addAction(command, async ({ client, terminal }, _options, model = '', dataId = '') => {
    const item = await client.data.get(parseModelId(model), dataId);
    terminal.result(item, describeItem(item));
    return exitCodes.ok;
  });
}

function addDownload(data: Command, addAction: AddAction): void {
  const command = itemCommand(
    data,
    'download',
    'save the recording (16 kHz mono FLAC) or the transcript to a new file',
  ).option('--transcript', 'the transcript instead of the recording');
  command.argument('<file>', 'where to; nothing is overwritten');
  addAction<{ transcript?: boolean }>(
    command,
    async ({ client, terminal }, { transcript = false }, model = '', dataId = '', file = '') => {
      const id = parseModelId(model);
      await (
        transcript ? client.data.downloadTranscript(id, dataId, file) : client.data.downloadAudio(id, dataId, file)
      ).catch((error: unknown) => {
        throw isThere(error) ? new UsageError(`${file} is there already`) : error;
      });
      terminal.result({ data_id: dataId, file }, `saved ${file}`);
      return exitCodes.ok;
    },
  );
}

function addMove(data: Command, addAction: AddAction): void {
  const command = itemCommand(data, 'move', 'make training data of test data, or the other way');
  command.argument('<type>', 'train or test');
  addAction(command, async ({ client, terminal }, _options, model = '', dataId = '', type = '') => {
    const wanted = TYPES.find((known) => known === type);
    if (!wanted) throw new UsageError(`"${type}" is no type of data: say train or test`);
    const item = await client.data.move(parseModelId(model), dataId, wanted);
    terminal.result(item, `${item.data_id} is ${item.type} data now`);
    return exitCodes.ok;
  });
}

function addReplaceTranscript(data: Command, addAction: AddAction): void {
  const command = itemCommand(data, 'replace-transcript', 'give a recording another transcript; the old one is erased');
  command.argument('<file>', 'plain text in UTF-8');
  addAction(command, async ({ client, terminal }, _options, model = '', dataId = '', file = '') => {
    const item = await client.data.replaceTranscript(parseModelId(model), dataId, file);
    terminal.result(item, describeItem(item));
    return exitCodes.ok;
  });
}

function addDeleteItem(data: Command, addAction: AddAction): void {
  const command = itemCommand(data, 'delete', 'delete a recording with its transcript, for ever').option(
    '-y, --yes',
    'do not ask',
  );
  addAction<{ yes?: boolean }>(command, async (context, { yes }, model = '', dataId = '') => {
    const { client, terminal } = context;
    const id = parseModelId(model);
    const item = await client.data.get(id, dataId);
    if (!yes && !(await confirmed(context, `Delete ${item.filename} and its transcript, for ever?`))) {
      terminal.note('nothing was deleted');
      return exitCodes.ok;
    }
    await client.data.remove(id, dataId);
    terminal.result({ data_id: dataId, deleted: true }, `deleted ${item.filename} and its transcript`);
    return exitCodes.ok;
  });
}

function describeItem(item: ApiDataItem): string {
  return [
    `${item.data_id}  ${item.type} data, ${item.item_status}`,
    `recording   ${item.filename}, ${formatBytes(item.audio_bytes)} as uploaded, ${lengthOf(item)}`,
    `transcript  ${item.transcript_filename}`,
    ...item.issues.map(({ severity, message, fix }) => `${severity}: ${message}. ${fix}`),
  ].join('\n');
}

function lengthOf(item: ApiDataItem): string {
  return item.audio_ms === null ? '-' : formatSeconds(item.audio_ms / 1000);
}

function issuesOf(item: ApiDataItem): string {
  return item.issues.map(({ code }) => code).join(', ');
}

function isThere(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST';
}
