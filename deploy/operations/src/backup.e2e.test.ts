import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttuneClient } from '@attune/client';
import { freePort } from '@attune/embedded';
import { readSettings, startPlatform, type Platform, type Settings } from '@attune/launcher';
import { speak } from '@attune/speech';
import { eventually, ScriptedEngine } from '@attune/testing';
import { backUpPlatform, restorePlatform } from './platform-backup';

jest.setTimeout(600_000);

const texts = ['the lungs are clear', 'no acute fracture is seen', 'the heart is of normal size'];

let home: string;
let settings: Settings;
let platform: Platform;
let trained: number;
let running: number;
let queued: number;
let before: unknown;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'attune-backup-'));
  const engine = new ScriptedEngine(home, { steps: 20, step_ms: 50, checkpoint_every: 5 });
  settings = readSettings({
    ...process.env,
    ATTUNE_HOME: join(home, 'first'),
    ATTUNE_PORT: String(await freePort()),
    ...engine.variables,
    ATTUNE_MINIMUM_TRAINING_SECONDS: '1',
    ATTUNE_LEASE_SECONDS: '15',
  });
  platform = await startPlatform(settings);
  await mkdir(join(home, 'pairs'));
  [trained, running, queued] = await Promise.all([newModel('Trained'), newModel('Running'), newModel('Queued')]);
  await client().startRun(trained);
  await client().waitForRun(trained);
  // From here on a run takes ten minutes: it is under way while the backup is made.
  engine.tell({ steps: 12_000, step_ms: 50, checkpoint_every: 5 });
  await client().startRun(running);
  await eventually(async () => expect((await client().models.get(running)).training_progress).toBeGreaterThan(0), {
    timeoutMs: 120_000,
  });
  await client().startRun(queued);
  before = await everythingReadable();
  await backUpPlatform(settings, join(home, 'backup'));
  await platform.stop();
  await rm(join(home, 'first'), { recursive: true, maxRetries: 5 });
  engine.tell({ steps: 20, step_ms: 50, checkpoint_every: 5 });
  settings = { ...settings, home: join(home, 'second') };
  await restorePlatform(settings, join(home, 'backup'));
  platform = await startPlatform(settings);
});
afterAll(async () => {
  await platform.stop();
  await rm(home, { recursive: true, force: true });
});

/** With the key that the first platform made. */
function client(): AttuneClient {
  const apiKey = execFileSync('cat', [join(settings.home, 'api-key')], { encoding: 'utf8' }).trim();
  return new AttuneClient({ baseUrl: platform.url, apiKey });
}

async function newModel(name: string): Promise<number> {
  const { id } = await client().models.create({ name, language: 'en' });
  for (const [index, text] of texts.entries()) {
    const audioPath = join(home, 'pairs', `${name}-${String(index)}.wav`);
    const transcriptPath = join(home, 'pairs', `${name}-${String(index)}.txt`);
    await speak(text, 'slt', audioPath);
    await writeFile(transcriptPath, text);
    await client().uploadPair(id, { type: index === 0 ? 'test' : 'train', audioPath, transcriptPath });
  }
  await client().waitForData(id);
  return id;
}

/** What the customer can read of each model that no run changes meanwhile: data with its bytes, runs, versions. */
async function everythingReadable(): Promise<unknown> {
  const api = client();
  const models = await api.models.list();
  const data: unknown[] = [];
  for (const id of [trained, running, queued]) data.push(await dataOf(api, id));
  return {
    names: models.map(({ name }) => name).sort(),
    data,
    trained: await api.models.get(trained),
    versions: await api.versions.list(trained),
    runs: await api.runs.list(trained),
  };
}

async function dataOf(api: AttuneClient, modelId: number): Promise<unknown> {
  const found: unknown[] = [];
  for await (const item of api.data.list(modelId)) {
    const files = ['flac', 'txt'].map((kind) => join(home, `downloaded.${kind}`));
    await api.data.downloadAudio(modelId, item.data_id, files[0] ?? '');
    await api.data.downloadTranscript(modelId, item.data_id, files[1] ?? '');
    found.push({ item, contents: await Promise.all(files.map((file) => readFile(file, 'base64'))) });
    await Promise.all(files.map((file) => rm(file)));
  }
  return found;
}

describe('a platform that was destroyed and restored from a backup that was made while it worked', () => {
  it('answers everything that it answered before, with the keys that it had, byte for byte', async () => {
    expect(await everythingReadable()).toEqual(before);
  });

  it('transcribes with the version that was trained', async () => {
    const transcript = await client().transcribe(join(home, 'pairs', 'Trained-1.wav'), {
      model: `custom_model_${String(trained)}`,
    });
    expect(transcript.model).toBe(`custom_model_${String(trained)}`);
  });

  it('goes on with the run that was under way and with the one that waited for it', async () => {
    const ends = await Promise.all([running, queued].map((id) => client().waitForRun(id)));
    expect(ends.map(({ training_status }) => training_status)).toEqual([4, 4]);
    expect(await client().versions.list(running)).toHaveLength(1);
  });

  it('takes new work: ids go on where they were', async () => {
    const { id } = await client().models.create({ name: 'After', language: 'en' });
    expect(id).toBeGreaterThan(Math.max(trained, running, queued));
  });
});

describe('a backup', () => {
  it('is for its owner’s eyes alone', async () => {
    const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o077;
    expect(await modeOf(join(home, 'backup'))).toBe(0);
    expect(await modeOf(join(home, 'backup', 'secrets.json'))).toBe(0);
  });

  it('is not written over another one, and not restored over a platform', async () => {
    await expect(backUpPlatform(settings, join(home, 'backup'))).rejects.toThrow('holds a backup already');
    await expect(restorePlatform(settings, join(home, 'backup'))).rejects.toThrow('already runs');
    const another = { ...settings, home: join(home, 'another') };
    await mkdir(another.home);
    await writeFile(join(another.home, 'secrets.json'), '{}');
    await expect(restorePlatform(another, join(home, 'backup'))).rejects.toThrow('is not empty: it has secrets.json');
    expect(await readFile(join(another.home, 'secrets.json'), 'utf8')).toBe('{}');
  });
});
