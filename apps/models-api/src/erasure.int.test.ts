import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { newId, type ModelId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { baseDecodesKey, customDecodesKey } from '@attune/storage';
import { ArchivesService } from './archives/archives.service';
import { DataErasureService } from './data-items/data-erasure.service';
import { ModelsReconciler } from './reconciler';
import { unpacked, zipOf } from './test-support/archiving';
import { TestApi } from './test-support/test-api';
import { acceptWithBytes, dataPath, nextUpload, placeOf, storedItem } from './test-support/uploading';
import { withoutReconciler } from './test-support/without-reconciler';

/** What must be nowhere afterwards: a piece of a waveform, and a word that is in one transcript alone. */
interface Canary {
  waveform: Buffer;
  word: string;
}

let api: TestApi;
beforeAll(async () => {
  // Bytes are removed by the tests alone, never between a look at a folder and one at its files.
  withoutReconciler();
  api = await TestApi.start();
});
afterAll(() => api.stop());

const signal = new AbortController().signal;

function newCanary(): Canary {
  return { waveform: randomBytes(4096), word: `kanarienwort${newId().replaceAll('-', '')}` };
}

const pairOf = ({ waveform, word }: Canary) => ({
  audio: new Blob([Buffer.concat([Buffer.from('RIFF'), waveform])]),
  transcript: `the patient said ${word} today`,
});
const normalizedOf = ({ waveform, word }: Canary) => ({
  audio: Buffer.concat([Buffer.from('fLaC'), waveform]),
  text: `the patient said ${word} today`,
});

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Where the canary is: files of the store (half-written ones too), and rows of any table. */
async function findCanary({ waveform, word }: Canary): Promise<string[]> {
  const found: string[] = [];
  for (const path of await filesBelow(api.storeDirectory)) {
    const content = await readFile(path);
    if (content.includes(waveform) || content.includes(word)) found.push(path.slice(api.storeDirectory.length));
  }
  const tables = await api.database.query<{ t: string }>(
    'system',
    `SELECT tablename AS t FROM pg_tables WHERE schemaname = 'models'`,
  );
  for (const { t } of tables) {
    const rows = await api.database.query(
      'system',
      `SELECT 1 FROM ${t} x WHERE row_to_json(x)::text LIKE '%' || $1 || '%'`,
      [word],
    );
    if (rows.length > 0) found.push(`table ${t}`);
  }
  return found;
}

const remove = (id: number, dataId: string) => api.call('DELETE', dataPath(id, dataId));
const run = (id: number) => api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {} });

/** A model with the canary and another pair, trained; its decodes of the test set hold what was said. */
async function trainedOnCanary(canary: Canary): Promise<{ id: number; dataId: string }> {
  const { id } = await api.createModel();
  await storedItem(api, id);
  const { data_id: dataId } = await storedItem(api, id, pairOf(canary), normalizedOf(canary));
  expect((await run(id)).status).toBe(200);
  const { id: runId, organizationId } = await api.lastRun(id);
  const epoch = { organizationId, modelId: id as ModelId, runId, epoch: 1 };
  const line = JSON.stringify({ item_id: dataId, reference: normalizedOf(canary).text, hypothesis: canary.word });
  for (const key of [baseDecodesKey(epoch), customDecodesKey(epoch)]) {
    await api.store.put(key, Readable.from([`${line}\n`]));
  }
  return { id, dataId };
}

describe('erasure', () => {
  it('of an item leaves no byte of its recording and no word of its transcript, in no object and no row', async () => {
    const canary = newCanary();
    const { id, dataId } = await trainedOnCanary(canary);
    await api.succeedRun(id);
    await eventually(async () => expect((await api.getModel(id)).training_status).toBe(4));
    expect((await findCanary(canary)).length).toBeGreaterThanOrEqual(4);
    expect((await remove(id, dataId)).status).toBe(204);
    expect(await findCanary(canary)).toEqual([]);
  });

  it('during training is refused, and erases everything once the run has ended', async () => {
    const canary = newCanary();
    const { id, dataId } = await trainedOnCanary(canary);
    expect((await remove(id, dataId)).body.error_code).toBe('MODEL_BUSY');
    await api.succeedRun(id);
    await eventually(async () => expect((await remove(id, dataId)).status).toBe(204));
    expect(await findCanary(canary)).toEqual([]);
  });

  it('with the store away says 204, remembers, and erases when the store is back', async () => {
    const canary = newCanary();
    const { id, dataId } = await trainedOnCanary(canary);
    await api.failRun(id, 'no');
    await eventually(async () => expect((await api.getModel(id)).training_status).toBe(5));
    const erasure = api.app.get(DataErasureService);
    const { store } = erasure as unknown as { store: { deletePrefix: () => Promise<number> } };
    const away = jest.spyOn(store, 'deletePrefix').mockRejectedValue(new Error('the store is away'));
    expect((await remove(id, dataId)).status).toBe(204);
    expect((await findCanary(canary)).length).toBeGreaterThan(0);
    away.mockRestore();
    expect(await erasure.continueErasures(0, signal)).toBe(1);
    // The run failed: what it wrote is the trainer's garbage, and there is no version to scrub.
    expect((await findCanary(canary)).filter((path) => !path.includes('/runs/'))).toEqual([]);
  });

  it('of an item that is still being processed takes what ingestion has not seen yet', async () => {
    const canary = newCanary();
    const { id } = await api.createModel();
    const sending = api.call('PUT', dataPath(id), { body: formOf(canary) });
    const uploaded = await nextUpload(api, id);
    expect((await findCanary(canary)).length).toBe(2);
    expect((await remove(id, uploaded.item_id)).status).toBe(204);
    expect(await findCanary(canary)).toEqual([]);
    await sending;
    expect(placeOf(uploaded).itemId).toBe(uploaded.item_id);
  });

  it('of a transcript that was replaced leaves no word of it', async () => {
    const canary = newCanary();
    const { id, dataId } = await trainedOnCanary(canary);
    await api.succeedRun(id);
    await eventually(async () => expect((await api.getModel(id)).training_status).toBe(4));
    const answer = await api.call('PUT', `${dataPath(id, dataId)}/transcript`, {
      body: 'the patient said nothing of the kind',
      headers: { 'content-type': 'text/plain' },
    });
    expect(answer.status).toBe(200);
    expect(await findCanary({ ...canary, waveform: randomBytes(64) })).toEqual([]);
  });

  it('of a model takes its archives and half-written objects too', async () => {
    const canary = newCanary();
    const { id } = await api.createModel();
    const zip = await zipOf({
      'a.mp3': Buffer.concat([Buffer.from('RIFF'), canary.waveform]),
      'a.txt': `words and ${canary.word}`,
    });
    await unpacked(api, id, zip);
    expect((await findCanary(canary)).length).toBeGreaterThan(0);
    expect((await api.call('DELETE', `/api/v3/custom_models/${String(id)}`)).status).toBe(204);
    expect(await findCanary(canary)).toEqual([]);
  });

  it('of an archive’s own bytes follows its unpacking, and the reconciler does it', async () => {
    const canary = newCanary();
    const { id } = await api.createModel();
    const zip = await zipOf({ [`${canary.word}.pdf`]: 'x', 'a.mp3': 'a', 'a.txt': 'words' });
    await unpacked(api, id, zip);
    await api.app.get(ArchivesService).removeUseless(3600, signal);
    expect((await findCanary(canary)).filter((path) => !path.startsWith('table'))).toEqual([]);
    await api.app.get(ModelsReconciler).pass(signal);
  });

  it('finds nothing in the log of events either: they carry ids and digests, never content', async () => {
    const canary = newCanary();
    const { id } = await api.createModel();
    const sending = api.call('PUT', dataPath(id), { body: formOf(canary) });
    await acceptWithBytes(api, await nextUpload(api, id), normalizedOf(canary));
    await sending;
    const events = JSON.stringify([api.sent('models.data-uploaded.v1'), api.sent('models.data-deleted.v1')]);
    expect(events).not.toContain(canary.word);
  });
});

function formOf(canary: Canary): FormData {
  const { audio, transcript } = pairOf(canary);
  const form = new FormData();
  form.append('type', 'train');
  form.append('audio_file', audio, 'a.wav');
  form.append('transcript_file', new Blob([transcript]), 'a.txt');
  return form;
}
