import { readFile } from 'node:fs/promises';
import { inParallel } from '@attune/kernel';
import { snapshotItem, type SnapshotItem } from '@attune/events';
import { download } from './transfers';
import type { RunSession } from './run-session';

/** A pair of the snapshot, downloaded and verified. */
export interface Recording {
  id: string;
  audio: string;
  sha256: string;
  durationMs: number;
  transcript: string;
}

const PARALLEL = 8;

/** The run's frozen data, as models-api wrote it down. */
export async function fetchSnapshot(session: RunSession): Promise<SnapshotItem[]> {
  const path = session.path('snapshot.jsonl');
  await download(() => session.readUrl({ kind: 'snapshot' }), path, session.claim.snapshot_sha256, session.signal);
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => snapshotItem.parse(JSON.parse(line)));
}

/** Downloads pairs, several at once; answers them in the order asked for. */
export async function fetchRecordings(
  session: RunSession,
  items: readonly SnapshotItem[],
  onDone: () => void,
): Promise<Recording[]> {
  const urls = await session.client.signReads(
    items.flatMap((item) => [
      { kind: 'data' as const, key: item.normalized_key },
      { kind: 'data' as const, key: item.transcript_key },
    ]),
  );
  const recordings: Recording[] = [];
  await inParallel(items, PARALLEL, async (item, index) => {
    const audio = session.path('audio', `${item.item_id}.flac`);
    const transcript = session.path('audio', `${item.item_id}.txt`);
    await Promise.all([
      download(
        signedOnce(session, urls[2 * index], item.normalized_key),
        audio,
        item.normalized_sha256,
        session.signal,
      ),
      download(
        signedOnce(session, urls[2 * index + 1], item.transcript_key),
        transcript,
        item.transcript_sha256,
        session.signal,
      ),
    ]);
    recordings[index] = {
      id: item.item_id,
      audio,
      sha256: item.normalized_sha256,
      durationMs: item.audio_ms,
      transcript: (await readFile(transcript, 'utf8')).trim(),
    };
    onDone();
  });
  return recordings;
}

/** The URL that was signed in the batch; a fresh one when that did not work. */
function signedOnce(session: RunSession, url: string | undefined, key: string): () => Promise<string> {
  let given = url;
  return () => {
    const now = given;
    given = undefined;
    return now === undefined ? session.readUrl({ kind: 'data', key }) : Promise.resolve(now);
  };
}
