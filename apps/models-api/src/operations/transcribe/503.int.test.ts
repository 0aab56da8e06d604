import { SttDouble } from '../../test-support/stt-double';
import { STT_TOKEN, TestApi } from '../../test-support/test-api';

describe('POST /api/v3/stt answers 503 SERVICE_UNAVAILABLE', () => {
  it('when the service is down, while the rest of the API answers', async () => {
    const api = await TestApi.start();
    try {
      const answer = await api.call('POST', '/api/v3/stt', { json: { model: 'general', audio_file: 'AAAA' } });
      expect([answer.status, answer.body.error_code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
      expect(answer.headers.get('retry-after')).toBe('5');
      expect((await api.call('GET', '/api/v3/custom_models')).status).toBe(200);
    } finally {
      await api.stop();
    }
  });

  it('when the service does not know this one, never its 401', async () => {
    const stt = await SttDouble.start();
    stt.answer = (response) => response.writeHead(401).end('{}');
    const api = await TestApi.start({ stt: { url: stt.url, token: STT_TOKEN } });
    try {
      const answer = await api.call('POST', '/api/v3/stt', { json: {} });
      expect([answer.status, answer.body.error_code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    } finally {
      await api.stop();
      await stt.stop();
    }
  });
});
