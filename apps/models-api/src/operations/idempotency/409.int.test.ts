import type { ApiModel } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { VerdictWatch } from '../../data-items/verdict-watch';
import { TestApi } from '../../test-support/test-api';
import { acceptItem, nextUpload, trainableModel, uploadForm } from '../../test-support/uploading';

const SAME = 50;

let api: TestApi;
let urls: string[];
beforeAll(async () => {
  api = await TestApi.start();
  urls = [api.url, await api.addReplica(), await api.addReplica()];
});
afterAll(() => api.stop());

/** 50 times the same request at once, over three instances. */
function atOnce(path: string, key: string, json: object) {
  return Promise.all(
    Array.from({ length: SAME }, (_, n) =>
      api.call<ApiModel & { error_code?: string }>('POST', `${urls[n % urls.length] ?? ''}${path}`, {
        json,
        headers: { 'idempotency-key': key },
      }),
    ),
  );
}

describe('of 50 equal requests at once, over three instances', () => {
  it('one creates a model; the others get its answer or 409 IDEMPOTENCY_CONFLICT', async () => {
    const answers = await atOnce('/api/v3/custom_models', 'together', { name: 'one', language: 'en' });
    const done = answers.filter(({ status }) => status === 201);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    expect(done.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
    const others = answers.filter(({ status }) => status !== 201);
    expect(others.every(({ status, body }) => status === 409 && body.error_code === 'IDEMPOTENCY_CONFLICT')).toBe(true);
    expect(await api.database.query('system', 'SELECT 1 FROM model')).toHaveLength(1);
  });

  it('one starts a run', async () => {
    const id = await trainableModel(api);
    const answers = await atOnce(`/api/v3/custom_models/${String(id)}/run`, 'run-together', {});
    expect(new Set(answers.filter(({ status }) => status === 200).map(({ text }) => text)).size).toBe(1);
    const codes = answers.filter(({ status }) => status !== 200).map(({ body }) => body.error_code);
    expect(new Set([...codes, 'IDEMPOTENCY_CONFLICT'])).toEqual(new Set(['IDEMPOTENCY_CONFLICT']));
    expect(await api.database.query('system', 'SELECT 1 FROM run WHERE model_id = $1', [id])).toHaveLength(1);
  });
});

describe('while a request is being answered, the same one gets 409 IDEMPOTENCY_CONFLICT at once', () => {
  it('when the first waits inside its transaction', async () => {
    const send = (url: string) =>
      api.call<ApiModel & { error_code?: string }>('POST', `${url}/api/v3/custom_models`, {
        json: { name: 'held', language: 'en' },
        headers: { 'idempotency-key': 'held' },
      });
    let first: ReturnType<typeof send> | undefined;
    // Nobody reads the catalogue of bases, which every creation does, before this transaction ends.
    await api.database.runInTransaction('system', async (tx) => {
      await tx.execute('LOCK TABLE base_model IN ACCESS EXCLUSIVE MODE');
      first = send(api.url);
      await eventually(async () => {
        const waiting = await tx.query(
          `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'base_model'::regclass`,
        );
        expect(waiting).toHaveLength(1);
      });
      for (const url of urls) {
        expect((await send(url)).body.error_code).toBe('IDEMPOTENCY_CONFLICT');
      }
    });
    expect((await first)?.status).toBe(201);
  });

  it('when the first is an upload that is still coming in, at every instance', async () => {
    const { id } = await api.createModel();
    const send = (url: string) =>
      api.call('PUT', `${url}/api/v3/custom_models/${String(id)}/data`, {
        body: uploadForm({ audio: 'RIFF....WAVE the same' }),
        headers: { 'idempotency-key': 'uploading' },
      });
    // The first waits for its verdict until the others have been answered, however long that takes.
    let goOn: () => void = () => undefined;
    const held = new Promise<null>((resolve) => (goOn = () => resolve(null)));
    const waiting = jest.spyOn(api.app.get(VerdictWatch), 'waitFor').mockImplementation(() => held);
    const first = send(api.url);
    const uploaded = await nextUpload(api, id);
    try {
      for (const url of urls) {
        const answer = await send(url);
        expect([answer.status, answer.body.error_code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
      }
    } finally {
      waiting.mockRestore();
      goOn();
    }
    await acceptItem(api, uploaded);
    expect((await first).status).toBe(200);
    expect(await api.database.query('system', 'SELECT 1 FROM data_item WHERE model_id = $1', [id])).toHaveLength(1);
  });
});
