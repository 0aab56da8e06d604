import { TestApi } from '../../test-support/test-api';

const lines = [
  { timestamp: '2025-01-16T08:00:00.000Z', level: 'info' as const, stage: 'training', message: 'Epoch 1' },
  { timestamp: '2025-01-16T08:01:00.000Z', level: 'warning' as const, stage: 'training', message: 'two\nlines' },
];

let api: TestApi;
let asked: unknown;
beforeAll(async () => {
  api = await TestApi.start();
  api.rpcOf('training').serve('training.list-log', (request) => {
    asked = request;
    return Promise.resolve({ total: 2, lines });
  });
});
afterAll(() => api.stop());

const log = (id: number, query = '', headers = {}) =>
  api.call<unknown>('GET', `/api/v3/custom_models/${String(id)}/log${query}`, { headers });

describe('GET /api/v3/custom_models/{id}/log answers 200', () => {
  it('with the trainer’s lines', async () => {
    const { id } = await api.createModel();
    expect((await log(id)).body).toEqual({ count: 2, total_results: 2, result: lines });
  });

  it('and asks the trainer for the page and the tenant', async () => {
    const { id } = await api.createModel();
    await log(id, '?page=3&per_page=50');
    expect(asked).toEqual({ organization_id: api.tenant.organizationId, model_id: id, offset: 100, limit: 50 });
  });

  it('as plain text for who asks for it, one line a log line', async () => {
    const { id } = await api.createModel();
    const answer = await log(id, '', { accept: 'text/plain' });
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.text).toBe(
      '2025-01-16T08:00:00.000Z INFO [training] Epoch 1\n2025-01-16T08:01:00.000Z WARNING [training] two lines\n',
    );
  });

  it.each(['*/*', 'application/json', 'application/json, text/plain'])('as JSON for Accept: %s', async (accept) => {
    const { id } = await api.createModel();
    expect((await log(id, '', { accept })).headers.get('content-type')).toMatch(/^application\/json/);
  });
});
