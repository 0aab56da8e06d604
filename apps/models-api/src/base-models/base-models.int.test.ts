import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Rpc } from '@attune/messaging';
import { eventually, temporaryDirectory } from '@attune/testing';
import { BASE_DIGEST, TestApi } from '../test-support/test-api';
import { runningModel } from '../test-support/uploading';
import { BadBaseFolder, digestOf, readBaseFolder, storeBase } from './base-folder';
import { BaseModelsService } from './base-models.service';

let api: TestApi;
let rpc: Rpc;
let directory: string;
beforeAll(async () => {
  api = await TestApi.start();
  rpc = api.rpcOf('stt');
  directory = await temporaryDirectory('base');
});
afterAll(async () => {
  await api.stop();
  await rm(directory, { recursive: true, force: true });
});

const resolve = (model: string, organizationId = api.tenant.organizationId) =>
  rpc.call('models.resolve', { organization_id: organizationId, model }, PATIENTLY);
/** Whether it is answered is asked here, not how soon. */
const PATIENTLY = { timeoutMs: 20_000 };

async function makeFolder(name: string, extra: Record<string, string> = {}, change: object = {}): Promise<string> {
  const folder = join(directory, name);
  const files = { 'transformers/config.json': '{}', 'ctranslate2/model.bin': name, ...extra };
  const listed = [];
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
    listed.push({ path, sha256: `sha256:${createHash('sha256').update(text).digest('hex')}` });
  }
  const base = {
    name,
    engine: 'whisper',
    source: 'here',
    licence: 'MIT',
    languages: ['de', 'en'],
    digest: digestOf(listed),
  };
  await writeFile(join(folder, 'base.json'), JSON.stringify({ ...base, ...change }));
  return folder;
}

describe('models.resolve', () => {
  it('answers a base model with the files that serve, by paths of the serving folder', async () => {
    const { files, ...rest } = await resolve('general');
    expect(rest).toEqual({ model: 'general', languages: ['en'], engine: 'whisper', digest: BASE_DIGEST });
    expect(files.map(({ path }) => path)).toEqual(['model.bin']);
    expect((await buffer(await api.store.get(files[0]?.key ?? ''))).toString()).toBe('ctranslate2/model.bin');
  });

  it('answers a custom model with its current version, never with its base', async () => {
    const id = await runningModel(api);
    const model = `custom_model_${String(id)}`;
    await expect(resolve(model)).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
    await api.succeedRun(id);
    const { files, digest } = await eventually(() => resolve(model));
    expect(digest).not.toBe(BASE_DIGEST);
    expect(files.map(({ path }) => path).sort()).toEqual(['config.json', 'model.bin']);
    for (const { key } of files) expect(await api.store.exists(key)).toBe(true);
    const other = await api.addTenant();
    await expect(resolve(model, other.organizationId)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await api.call('DELETE', `/api/v3/custom_models/${String(id)}`);
    await expect(resolve(model)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });

  it.each(['', 'huge', 'custom_model_', 'custom_model_0', 'custom_model_999999'])(
    'refuses %j as missing',
    async (model) => {
      await expect(resolve(model)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    },
  );
});

describe('models.resolve-base', () => {
  it('answers all files of a base, and refuses a digest that was never registered', async () => {
    const { files } = await rpc.call('models.resolve-base', { digest: BASE_DIGEST }, PATIENTLY);
    expect(files.map(({ path }) => path)).toContain('transformers/model.safetensors');
    const unknown = rpc.call('models.resolve-base', { digest: `sha256:${'0'.repeat(64)}` }, PATIENTLY);
    await expect(unknown).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('registering a base', () => {
  it('puts its files into the store once, and a newer base takes the key while the older stays for its versions', async () => {
    const folder = await makeFolder('newer');
    const base = await readBaseFolder(folder);
    expect(await storeBase(api.store, folder, base)).toBe(3);
    expect(await storeBase(api.store, folder, base)).toBe(0);
    const service = api.app.get(BaseModelsService);
    for (let times = 0; times < 2; times++) await service.register(base, ['legal'], new Set());
    expect((await resolve('legal')).digest).toBe(base.digest);
    await service.register(base, ['medical'], new Set(['medical']));
    expect((await rpc.call('models.resolve-base', { digest: BASE_DIGEST }, PATIENTLY)).digest).toBe(BASE_DIGEST);
    expect((await resolve('general')).digest).toBe(BASE_DIGEST);
    expect((await api.createModel({ language: 'de', base_model: 'legal' })).base_model).toBe('legal');
  });

  it.each<[string, Record<string, string>, object, RegExp]>([
    ['changed', {}, { digest: `sha256:${'0'.repeat(64)}` }, /digest/],
    ['undescribed', {}, { languages: [] }, /base\.json/],
  ])('refuses a folder that is %s', async (name, extra, change, message) => {
    const folder = await makeFolder(name, extra, change);
    await expect(readBaseFolder(folder)).rejects.toThrow(message);
    await expect(readBaseFolder(folder)).rejects.toBeInstanceOf(BadBaseFolder);
  });
});
