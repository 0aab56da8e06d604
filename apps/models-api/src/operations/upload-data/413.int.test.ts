import { request } from 'node:http';
import type { ErrorBody } from '@attune/contracts';
import { TestApi } from '../../test-support/test-api';
import { putData, streamedForm, uploadForm } from '../../test-support/uploading';

const LIMITS = { audioBytes: 1_000_000, transcriptBytes: 1000 };

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ uploads: LIMITS });
});
afterAll(() => api.stop());

async function expectNothingStored(): Promise<void> {
  expect(await api.storedKeys()).toEqual([]);
  expect(await api.database.query('system', 'SELECT 1 FROM data_item')).toEqual([]);
  expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
}

describe('PUT /api/v3/custom_models/{id}/data answers 413 PAYLOAD_TOO_LARGE and stores nothing', () => {
  it('for audio one byte over the limit', async () => {
    const { id } = await api.createModel();
    const { status, body } = await putData<ErrorBody>(
      api,
      id,
      uploadForm({ audio: 'x'.repeat(LIMITS.audioBytes + 1) }),
    );
    expect([status, body.error_code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect(body.details).toEqual({ field: 'audio_file', limit_bytes: LIMITS.audioBytes });
    await expectNothingStored();
  });

  it('for a transcript one byte over the limit', async () => {
    const { id } = await api.createModel();
    const form = uploadForm({ transcript: 'x'.repeat(LIMITS.transcriptBytes + 1) });
    expect((await putData<ErrorBody>(api, id, form)).body.details).toMatchObject({ field: 'transcript_file' });
    await expectNothingStored();
  });

  it('for a body of unknown length, as soon as it is over the limit', async () => {
    const { id } = await api.createModel();
    const audio = Array.from({ length: 30 }, () => Buffer.alloc(100_000));
    const answer = await api.call(
      'PUT',
      `/api/v3/custom_models/${String(id)}/data`,
      streamedForm(Promise.resolve(), audio),
    );
    expect([answer.status, answer.body.error_code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    await expectNothingStored();
  });

  it('at once for a body that says it is too long, without reading it', async () => {
    const { id } = await api.createModel();
    const status = await new Promise((resolve, reject) => {
      const sending = request(`${api.url}/api/v3/custom_models/${String(id)}/data`, {
        method: 'PUT',
        headers: {
          authorization: `Bearer ${api.tenant.key}`,
          'content-type': 'multipart/form-data; boundary=x',
          'content-length': 3_000_000_000,
        },
      });
      sending.on('response', (response) => resolve(response.statusCode)).on('error', reject);
      sending.write('--x\r\n');
    });
    expect(status).toBe(413);
    await expectNothingStored();
  });
});
