import { readFile } from 'node:fs/promises';
import {
  alignedItem,
  PROTOCOL_VERSION,
  type AlignedItem,
  type AlignJob,
  type TrainItem,
} from '@attune/engine-protocol';
import type { Recording } from './recordings';
import { RunFault } from './run-errors';
import type { RunSession } from './run-session';

/** A Whisper window; what is longer has to be cut. */
export const MAX_UTTERANCE_MS = 30_000;

/** Everything to train on, in a fixed order: short recordings as they are, long ones as the utterances that `align` found in them. */
export async function toTrainItems(
  session: RunSession,
  recordings: readonly Recording[],
  base: string,
): Promise<TrainItem[]> {
  const long = recordings.filter(({ durationMs }) => durationMs > MAX_UTTERANCE_MS);
  const cut = long.length === 0 ? new Map<string, TrainItem[]>() : await align(session, long, base);
  const items = recordings.flatMap(
    (recording) => cut.get(recording.id) ?? (isLong(recording) ? [] : [toItem(recording)]),
  );
  if (items.length === 0) {
    throw new RunFault(
      'data',
      'None of the recordings could be matched with its transcript; check that each pair belongs together.',
    );
  }
  return items;
}

function isLong(recording: Recording): boolean {
  return recording.durationMs > MAX_UTTERANCE_MS;
}

function toItem({ id, audio, sha256, durationMs, transcript }: Recording): TrainItem {
  return { id, audio, sha256, duration_ms: durationMs, transcript, recording: id };
}

async function align(
  session: RunSession,
  recordings: readonly Recording[],
  base: string,
): Promise<Map<string, TrainItem[]>> {
  session.reporter.log('info', `Cutting ${String(recordings.length)} recordings of more than 30 s at pauses.`);
  session.enter('aligning');
  const results = session.path('aligned.jsonl');
  const job: AlignJob = {
    protocol: PROTOCOL_VERSION,
    command: 'align',
    base: { directory: base, digest: session.claim.base.digest },
    language: session.claim.language,
    threads: session.threads,
    max_seconds: MAX_UTTERANCE_MS / 1000,
    items: recordings.map(({ id, audio, transcript }) => ({ id, audio, transcript })),
    output_directory: session.path('cuts'),
    results,
  };
  await session.runEngine('align', job, () => undefined);
  const lines = (await readFile(results, 'utf8')).split('\n').filter((line) => line !== '');
  const aligned = lines.map((line) => alignedItem.parse(JSON.parse(line)));
  for (const item of aligned) logUnmatched(session, item);
  return new Map(aligned.map((item) => [item.id, toUtterances(item)]));
}

function toUtterances(item: AlignedItem): TrainItem[] {
  return item.utterances.map((utterance, index) => ({
    id: `${item.id}-${String(index + 1).padStart(4, '0')}`,
    audio: utterance.audio,
    sha256: utterance.sha256,
    duration_ms: Math.max(1, Math.round((utterance.end - utterance.start) * 1000)),
    transcript: utterance.transcript,
    recording: item.id,
  }));
}

function logUnmatched(session: RunSession, item: AlignedItem): void {
  for (const { start, end, reason } of item.unmatched) {
    session.reporter.log('warning', `Recording ${item.id}, ${clock(start)} to ${clock(end)}, is left out: ${reason}.`);
  }
}

/** `1:02.5`: minutes and seconds. */
function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const rest = (tenths % 600) / 10;
  return `${String(Math.floor(tenths / 600))}:${rest.toFixed(1).padStart(4, '0')}`;
}
