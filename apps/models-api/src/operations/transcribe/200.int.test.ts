import { randomBytes } from 'node:crypto';
import { eventually } from '@attune/testing';
import { SttDouble } from '../../test-support/stt-double';
import { STT_TOKEN, TestApi } from '../../test-support/test-api';

let stt: SttDouble;
let api: TestApi;
beforeAll(async () => {
  stt = await SttDouble.start();
  api = await TestApi.start({ stt: { url: stt.url, token: STT_TOKEN } });
});
afterAll(async () => {
  await api.stop();
  await stt.stop();
});

const transcribe = (body: RequestInit['body'], headers: Record<string, string> = {}) =>
  api.call<unknown>('POST', '/api/v3/stt', { body, headers });

describe('POST /api/v3/stt', () => {
  it('passes the body on, byte for byte, with the organization and this service’s own token', async () => {
    const body = randomBytes(3_000_000);
    const type = 'multipart/form-data; boundary=x';
    const answer = await transcribe(body, { 'content-type': type, 'x-request-id': 'req-1' });
    expect([answer.status, answer.body]).toEqual([200, { text: 'hello' }]);
    const seen = stt.seen.at(-1);
    expect(seen?.url).toBe('/api/v3/stt');
    expect(seen?.body.equals(body)).toBe(true);
    expect(seen?.headers).toMatchObject({
      'content-type': type,
      'content-length': '3000000',
      authorization: `Bearer ${STT_TOKEN}`,
      'x-attune-organization': api.tenant.organizationId,
      'x-request-id': 'req-1',
    });
    expect(JSON.stringify(seen?.headers)).not.toContain(api.tenant.key);
  });

  it('passes JSON on unread, larger than any JSON that is read here', async () => {
    const body = JSON.stringify({ model: 'general', audio_file: 'A'.repeat(2_000_000) });
    expect((await transcribe(body, { 'content-type': 'application/json' })).status).toBe(200);
    expect(stt.seen.at(-1)?.body.toString()).toBe(body);
  });

  it('hands on whatever the service answers, refusals too', async () => {
    const refusal = { error: 'Bad Request', message: 'no', error_code: 'UNSUPPORTED_AUDIO_FORMAT', details: {} };
    stt.answer = (response) =>
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(refusal));
    const answer = await transcribe('--x--', { 'content-type': 'multipart/form-data; boundary=x' });
    expect([answer.status, answer.body]).toEqual([400, refusal]);
  });

  it('hangs up on the service when its own client has gone', async () => {
    const before = stt.aborted;
    const count = stt.seen.length;
    stt.answer = () => undefined;
    const leaving = new AbortController();
    const asking = fetch(`${api.url}/api/v3/stt`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.tenant.key}`, 'content-type': 'application/json' },
      body: '{}',
      signal: leaving.signal,
    });
    await eventually(() => expect(stt.seen.length).toBe(count + 1));
    leaving.abort();
    await expect(asking).rejects.toThrow();
    await eventually(() => expect(stt.aborted).toBe(before + 1));
  });
});
