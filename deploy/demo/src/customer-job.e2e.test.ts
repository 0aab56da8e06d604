import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiError, AttuneClient } from '@attune/client';
import { freePort } from '@attune/embedded';
import { readSettings, startPlatform, type Platform } from '@attune/launcher';
import { generateDataset } from '@attune/speech';
import { sideBySide, train, upload } from './customer-job';
import { madeData, pairsIn, type DemoData } from './data';

jest.setTimeout(900_000);

/** Small enough for every test run, and enough that a third fewer errors are made whatever processor rounds the sums (seeds 3 to 5). */
const MINUTES = 4;

describe('the whole job on real audio, with the real engine', () => {
  const home = mkdtempSync(join(tmpdir(), 'attune-e2e-'));
  let platform: Platform;
  let client: AttuneClient;
  let data: DemoData;
  let modelId: number;

  const start = async (): Promise<void> => {
    const port = String(await freePort());
    platform = await startPlatform(readSettings({ ...process.env, ATTUNE_HOME: home, ATTUNE_PORT: port }));
    client = new AttuneClient({ baseUrl: platform.url, apiKey: readFileSync(platform.keyFile, 'utf8').trim() });
  };

  beforeAll(async () => {
    const directory = join(home, 'speech');
    await generateDataset({ directory, seed: 3, minutes: MINUTES, testItems: 24, freeItems: 4 });
    data = madeData(directory);
    await start();
  });
  afterAll(async () => {
    await platform.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('refuses to train without data, and says so', async () => {
    const model = await client.models.create({ name: 'E2E dictation', language: 'en', baseModel: 'medical' });
    modelId = model.id;
    expect(model.training_status).toBe(1);
    await expect(client.startRun(modelId)).rejects.toMatchObject({ errorCode: 'MODEL_NOT_READY' });
  });

  it('refuses a recording that is none with its 400, and stores nothing of it', async () => {
    const audio = join(home, 'playlist.wav');
    writeFileSync(audio, '#EXTM3U\nfile:///etc/passwd\n');
    const transcriptPath = data.train[0]?.transcript ?? '';
    const refused = client.uploadPair(modelId, { type: 'train', audioPath: audio, transcriptPath });
    await expect(refused).rejects.toMatchObject({ status: 400, errorCode: 'UNSUPPORTED_AUDIO_FORMAT' });
    expect((await client.models.get(modelId)).training_status).toBe(1);
  });

  it('refuses to train on less than the minimum of audio, with the hours it has and needs', async () => {
    const [pair] = data.train;
    if (!pair) throw new Error('no data was made');
    await upload(client, modelId, [{ type: 'train', pair }]);
    const refusal: unknown = await client.startRun(modelId).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ApiError);
    expect((refusal as ApiError).errorCode).toBe('INSUFFICIENT_DATA');
    expect((refusal as ApiError).details).toHaveProperty('hours_required');
  });

  it('trains a model that makes fewer word errors than its base on recordings nobody trained on', async () => {
    const label = (type: 'train' | 'test') => (pair: (typeof data.train)[number]) => ({ type, pair });
    await upload(client, modelId, [...data.train.slice(1).map(label('train')), ...data.test.map(label('test'))]);
    const model = await train(client, modelId);
    expect(model.training_progress).toBe(100);
    const metrics = model.training_metrics;
    expect(metrics?.evaluated_on).toBe('test_set');
    expect(metrics?.word_error_rate).toBeLessThan(metrics?.base_word_error_rate ?? 0);
    expect(metrics?.training_hours).toBeGreaterThan(MINUTES / 60 - 0.01);
  });

  it('keeps a log that a customer can read', async () => {
    const lines = [];
    for await (const line of client.log(modelId)) lines.push(line);
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.map((line) => line.message).join('\n')).not.toContain(home);
  });

  it('transcribes with the base and with the custom model, with word times inside the recording', async () => {
    const [pair] = data.test;
    if (!pair) throw new Error('no data was made');
    const both = await sideBySide(client, pair, await client.models.get(modelId));
    expect(both.custom.model).toBe(`custom_model_${String(modelId)}`);
    expect(both.custom.text).not.toBe('');
    for (const word of both.custom.words) {
      expect(word.start).toBeLessThanOrEqual(word.end);
      expect(word.end).toBeLessThanOrEqual(both.custom.duration + 0.1);
    }
    expect(both.base.text).not.toBe('');
  });

  it('keeps everything over a restart', async () => {
    await platform.stop();
    await start();
    const model = await client.models.get(modelId);
    expect(model.training_status).toBe(4);
    const [pair] = data.test;
    if (!pair) throw new Error('no data was made');
    expect((await client.transcribe(pair.audio, { model: model.model_key })).text).not.toBe('');
  });

  it('deletes a model for ever, and its id is then that of no model', async () => {
    await client.models.remove(modelId);
    await expect(client.models.get(modelId)).rejects.toMatchObject({ status: 404, errorCode: 'MODEL_NOT_FOUND' });
    const [pair] = data.test;
    if (!pair) throw new Error('no data was made');
    const model = `custom_model_${String(modelId)}`;
    await expect(client.transcribe(pair.audio, { model })).rejects.toMatchObject({ errorCode: 'MODEL_NOT_FOUND' });
  });

  it('found pairs by name, with both files of each', () => {
    expect(pairsIn(join(home, 'speech', 'train'))).toHaveLength(data.train.length);
  });
});
