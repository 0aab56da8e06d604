import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import type { ApiArchive, ErrorBody, UploadReceipt } from '@attune/contracts';
import { Upload } from 'tus-js-client';
import type { ObjectStore } from '@attune/storage';
import { eventually } from '@attune/testing';
import { ResumableUploadsService } from '../../resumable-uploads/resumable-uploads.service';
import { readArchive, zipOf } from '../../test-support/archiving';
import { TestApi } from '../../test-support/test-api';
import { acceptItem, dataPath, nextUpload } from '../../test-support/uploading';
import { withoutReconciler } from '../../test-support/without-reconciler';

const MIB = 1024 * 1024;
const TUS = { 'tus-resumable': '1.0.0' };

let api: TestApi;
beforeAll(async () => {
  // What is over is removed by the tests alone.
  withoutReconciler();
  api = await TestApi.start({
    uploads: { audioBytes: 64 * MIB, transcriptBytes: 4096, silenceMs: 5000 },
    archives: { archiveBytes: 64 * MIB, members: 200, unpackedBytes: 256 * MIB },
  });
});
afterAll(() => api.stop());

interface Sent {
  id: string;
  url: string;
}

/** Sends a file with the client that browsers use; `abortAt` breaks it off after so many bytes. */
function send(
  content: Buffer,
  options: { url?: string; base?: string; abortAt?: number; filename?: string } = {},
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const settle = (): void => resolve({ id: upload.url?.split('/').at(-1) ?? '', url: upload.url ?? '' });
    const upload = new Upload(content, {
      endpoint: `${options.base ?? api.url}/api/v3/uploads`,
      ...(options.url === undefined ? {} : { uploadUrl: options.url }),
      headers: { authorization: `Bearer ${api.tenant.key}` },
      metadata: { filename: options.filename ?? 'letter.mp3' },
      chunkSize: 5 * MIB,
      // What was on its way when another request broke may be stored only now: the client learns of it by a 409 and asks again.
      retryDelays: options.url === undefined ? null : [500, 1000, 2000],
      onSuccess: settle,
      onError: reject,
      onProgress: (sent) => {
        if (options.abortAt === undefined || sent < options.abortAt) return;
        void upload.abort().then(settle);
      },
    });
    upload.start();
  });
}

const uploads = (method: string, id: string, options: { headers?: Record<string, string>; body?: Buffer } = {}) =>
  api.call(method, `/api/v3/uploads${id === '' ? '' : `/${id}`}`, {
    ...options,
    headers: { ...TUS, ...options.headers },
  });
const head = (id: string) =>
  fetch(`${api.url}/api/v3/uploads/${id}`, {
    method: 'HEAD',
    headers: { ...TUS, authorization: `Bearer ${api.tenant.key}` },
  });
const offsetOf = async (id: string) => (await head(id)).headers.get('upload-offset');
const patch = (id: string, offset: number, body: Buffer, headers: Record<string, string> = {}) =>
  uploads('PATCH', id, {
    body,
    headers: { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset), ...headers },
  });
const create = async (length: number): Promise<string> => {
  const answer = await uploads('POST', '', { headers: { 'upload-length': String(length) } });
  expect(answer.status).toBe(201);
  return answer.headers.get('location')?.split('/').at(-1) ?? '';
};

async function contentOf(id: string): Promise<Buffer> {
  const { content } = await api.app.get(ResumableUploadsService).open(api.tenant.organizationId, id);
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('a resumable upload (tus 1.0)', () => {
  it('comes in whole by a common client', async () => {
    const file = randomBytes(12 * MIB);
    const { id } = await send(file, { filename: 'Brief für Ärzte.mp3' });
    expect((await contentOf(id)).equals(file)).toBe(true);
    const state = await uploads('GET', id);
    expect(state.body).toMatchObject({
      upload_id: id,
      filename: 'Brief für Ärzte.mp3',
      upload_length: file.length,
      upload_offset: file.length,
    });
    expect(new Date(state.headers.get('upload-expires') ?? '').getTime()).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  });

  it('goes on where it was broken off, also when the service was started anew in between', async () => {
    const file = randomBytes(30 * MIB);
    const broken = await send(file, { abortAt: 12 * MIB });
    const stored = await eventually(async () => {
      const offset = Number(await offsetOf(broken.id));
      expect(offset).toBeGreaterThanOrEqual(10 * MIB);
      return offset;
    });
    expect(stored).toBeLessThan(file.length);
    const restarted = await api.addReplica();
    const url = broken.url.replace(api.url, restarted);
    const done = await send(file, { url, base: restarted });
    expect(done.id).toBe(broken.id);
    expect((await contentOf(broken.id)).equals(file)).toBe(true);
  });

  it('keeps what came of a request that breaks in its middle', async () => {
    const id = await create(1000);
    const append = jest.spyOn(api.app.get(ResumableUploadsService), 'append');
    const half = Readable.toWeb(
      Readable.from(
        (async function* () {
          yield Buffer.alloc(300, 'a');
          // What still waits at the socket goes down with it: the service has these bytes in its hands when the request breaks.
          await eventually(() => expect(append.mock.lastCall?.[3].readableDidRead).toBe(true));
          throw new Error('gone');
        })(),
      ),
    );
    await expect(
      fetch(`${api.url}/api/v3/uploads/${id}`, {
        method: 'PATCH',
        headers: {
          ...TUS,
          authorization: `Bearer ${api.tenant.key}`,
          'content-type': 'application/offset+octet-stream',
          'upload-offset': '0',
        },
        body: half as ReadableStream,
        duplex: 'half',
      }),
    ).rejects.toThrow();
    append.mockRestore();
    await eventually(async () => expect(await offsetOf(id)).toBe('300'));
    expect((await patch(id, 300, Buffer.alloc(700, 'b'))).status).toBe(204);
    expect((await contentOf(id)).toString()).toBe('a'.repeat(300) + 'b'.repeat(700));
  });

  it('waits for a client that says nothing no longer than that is believed, and keeps what it has sent', async () => {
    const id = await create(1000);
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    const gone = once(socket, 'close');
    socket.write(
      `PATCH /api/v3/uploads/${id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.tenant.key}\r\nTus-Resumable: 1.0.0\r\n` +
        `Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: 1000\r\n\r\n${'a'.repeat(300)}`,
    );
    socket.on('error', () => undefined).resume();
    await gone;
    await eventually(async () => expect(await offsetOf(id)).toBe('300'));
  });

  it('answers 409 to bytes from a wrong offset, with the right one, and of two clients at one offset takes one', async () => {
    const id = await create(100);
    expect((await patch(id, 0, Buffer.alloc(40))).headers.get('upload-offset')).toBe('40');
    for (const wrong of [0, 39, 41]) {
      const { status, body } = await patch(id, wrong, Buffer.alloc(10));
      expect([status, body.error_code, body.details]).toEqual([409, 'UPLOAD_OFFSET_CONFLICT', { upload_offset: 40 }]);
    }
    const both = await Promise.all(['a', 'b'].map((sign) => patch(id, 40, Buffer.alloc(60, sign))));
    expect(both.map(({ status }) => status).sort()).toEqual([204, 409]);
    expect((await contentOf(id)).subarray(40).toString()).toMatch(/^(a{60}|b{60})$/);
    const parts = await api.storedKeys(`o/${api.tenant.organizationId}/uploads/${id}/`);
    expect(parts).toHaveLength(2);
  });

  it.each<[string, () => Promise<{ status: number; body: ErrorBody }>, number, string]>([
    [
      'another version of tus',
      () => uploads('POST', '', { headers: { 'tus-resumable': '0.2.2' } }),
      412,
      'UNSUPPORTED_TUS_VERSION',
    ],
    ['no length', () => uploads('POST', ''), 400, 'VALIDATION_ERROR'],
    [
      'a length that is none',
      () => uploads('POST', '', { headers: { 'upload-length': '1e3' } }),
      400,
      'VALIDATION_ERROR',
    ],
    [
      'more than any upload may have',
      () => uploads('POST', '', { headers: { 'upload-length': String(65 * MIB) } }),
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'more bytes than were announced',
      async () => patch(await create(10), 0, Buffer.alloc(11)),
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'another content type',
      async () => patch(await create(10), 0, Buffer.alloc(1), { 'content-type': 'text/plain' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'an upload that is none',
      () => patch('01890a5d-ac96-774b-bcce-b302099a8057', 0, Buffer.alloc(1)),
      404,
      'UPLOAD_NOT_FOUND',
    ],
    ['what is no id', () => patch('..%2f..%2fetc', 0, Buffer.alloc(1)), 404, 'UPLOAD_NOT_FOUND'],
  ])('is refused for %s', async (_, call, status, code) => {
    const answer = await call();
    expect([answer.status, answer.body.error_code]).toEqual([status, code]);
  });

  it('is another organization’s missing one, by every route', async () => {
    const id = await create(10);
    const { key } = await api.addTenant();
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await api.call(method, `/api/v3/uploads/${id}`, {
        key,
        headers: { ...TUS, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' },
        ...(method === 'PATCH' ? { body: 'x' } : {}),
      });
      expect([answer.status, answer.body.error_code]).toEqual([404, 'UPLOAD_NOT_FOUND']);
    }
    expect(await offsetOf(id)).toBe('0');
  });

  it('is gone with its bytes when it is ended, and when its time is over', async () => {
    const [ended, expired] = [await create(10), await create(10)];
    await patch(ended, 0, Buffer.alloc(5));
    await patch(expired, 0, Buffer.alloc(5));
    expect((await uploads('DELETE', ended)).status).toBe(204);
    expect((await head(ended)).status).toBe(404);
    await api.database.query(
      'system',
      `UPDATE resumable_upload SET expires_at = now() - interval '1 second' WHERE id = $1`,
      [expired],
    );
    expect((await head(expired)).status).toBe(404);
    expect((await patch(expired, 5, Buffer.alloc(5))).status).toBe(404);
    await api.app.get(ResumableUploadsService).removeExpired(new AbortController().signal);
    for (const id of [ended, expired]) {
      expect(await api.storedKeys(`o/${api.tenant.organizationId}/uploads/${id}/`)).toEqual([]);
      expect(await api.database.query('system', 'SELECT 1 FROM resumable_upload WHERE id = $1', [id])).toEqual([]);
    }
  });

  it('leaves nothing of bytes that were on their way when it was ended', async () => {
    const id = await create(10);
    const service = api.app.get(ResumableUploadsService);
    const { store } = service as unknown as { store: ObjectStore };
    const put = store.put.bind(store);
    const stored = jest.spyOn(store, 'put').mockImplementationOnce(async (...args) => {
      const object = await put(...args);
      // Ended for its owner; its bytes, and its row, are removed a moment later.
      await api.database.query('system', 'UPDATE resumable_upload SET expires_at = now() WHERE id = $1', [id]);
      return object;
    });
    expect((await patch(id, 0, Buffer.alloc(5))).status).toBe(404);
    stored.mockRestore();
    expect(await api.storedKeys(`o/${api.tenant.organizationId}/uploads/${id}/`)).toEqual([]);
    expect(await service.removeExpired(new AbortController().signal)).toBe(1);
  });

  it('tells what the server can do, without a key', async () => {
    const answer = await api.call('OPTIONS', '/api/v3/uploads', { key: null });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('tus-version')).toBe('1.0.0');
    expect(answer.headers.get('tus-extension')).toBe('creation,termination,expiration');
    expect(answer.headers.get('tus-max-size')).toBe(String(64 * MIB));
  });
});

describe('a complete upload', () => {
  it('becomes a pair, and is gone then', async () => {
    const { id } = await api.createModel();
    const file = randomBytes(9 * MIB);
    const audio = await send(file, { filename: '../long.mp3' });
    const binding = api.call<UploadReceipt>('POST', `${dataPath(id)}/from_uploads`, {
      json: { type: 'train', audio_upload_id: audio.id, transcript: 'the words' },
    });
    const uploaded = await nextUpload(api, id);
    expect(uploaded.audio_bytes).toBe(file.length);
    await acceptItem(api, uploaded);
    expect(await binding).toMatchObject({
      status: 200,
      body: { filename: 'long.mp3', item_status: 'ok', duplicate: false },
    });
    expect((await head(audio.id)).status).toBe(404);
    expect(await api.storedKeys(`o/${api.tenant.organizationId}/uploads/${audio.id}/`)).toEqual([]);
  });

  it('becomes a pair with a transcript that was uploaded too', async () => {
    const { id } = await api.createModel();
    const audio = await send(randomBytes(1000));
    const text = await send(Buffer.from('the words'), { filename: 'words.txt' });
    const binding = api.call<UploadReceipt>('POST', `${dataPath(id)}/from_uploads`, {
      json: { type: 'test', audio_upload_id: audio.id, transcript_upload_id: text.id },
    });
    await acceptItem(api, await nextUpload(api, id));
    expect(await binding).toMatchObject({ status: 200, body: { data_type: 'test', transcript_filename: 'words.txt' } });
  });

  it('becomes an archive', async () => {
    const { id } = await api.createModel();
    const { id: uploadId } = await send(await zipOf({ 'a.mp3': 'audio', 'a.txt': 'words' }), {
      filename: 'letters.zip',
    });
    const bound = await api.call<ApiArchive>('POST', `${dataPath(id)}/archives/from_upload`, {
      json: { upload_id: uploadId },
    });
    expect(bound).toMatchObject({ status: 202, body: { status: 'unpacking', filename: 'letters.zip' } });
    await eventually(async () =>
      expect(await readArchive(api, id, bound.body.archive_id)).toMatchObject({
        status: 'done',
        counts: { stored: 1 },
      }),
    );
  });

  it('and only a complete one, of one’s own: nothing is stored otherwise, and it stays', async () => {
    const { id } = await api.createModel();
    const half = await create(10);
    const bind = (key = api.tenant.key, model = id) =>
      api.call('POST', `${dataPath(model)}/from_uploads`, {
        key,
        json: { type: 'train', audio_upload_id: half, transcript: 'the words' },
      });
    const early = await bind();
    expect([early.status, early.body.error_code]).toEqual([409, 'UPLOAD_INCOMPLETE']);
    const other = await api.addTenant();
    const others = await api.createModel({}, other.key);
    expect((await bind(other.key, others.id)).body.error_code).toBe('UPLOAD_NOT_FOUND');
    expect(await offsetOf(half)).toBe('0');
    expect((await api.storedKeys()).filter((key) => key.includes(`/m/${String(id)}/`))).toEqual([]);
    expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
  });
});
