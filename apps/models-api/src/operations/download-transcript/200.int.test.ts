import { TestApi } from '../../test-support/test-api';
import { dataPath, storedItem } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('GET /api/v3/custom_models/{id}/data/{data_id}/transcript answers 200', () => {
  it('with the text as training reads it, in UTF-8, as a file', async () => {
    const { id } = await api.createModel();
    const text = 'das Herz ist vergrößert 心臓';
    const { data_id } = await storedItem(api, id, { transcript: text, transcriptName: 'brief.txt' });
    const answer = await api.call<string>('GET', `${dataPath(id, data_id)}/transcript`);
    expect([answer.status, answer.text]).toEqual([200, text]);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toContain('attachment; filename="brief.txt"');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });
});
