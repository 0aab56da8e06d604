import { toApiCursor } from '../../feed/feed.convert';
import type { ModelId } from '@attune/kernel';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

describe('GET /api/v3/custom_models/{id}/events answers 400 VALIDATION_ERROR', () => {
  it.each(['application/json', 'text/event-stream'])(
    'for a cursor that the feed of this model has not given, a level and a limit that do not exist: Accept: %s',
    async (accept) => {
      const { id } = await api.createModel();
      const foreign = toApiCursor((id + 1) as ModelId, 5);
      for (const query of ['cursor=x', 'cursor=MQ', `cursor=${foreign}`, 'level=debug', 'limit=0', 'limit=1001']) {
        const answer = await api.call('GET', `/api/v3/custom_models/${String(id)}/events?${query}`, {
          headers: { accept },
        });
        expect([query, answer.status, answer.body.error_code]).toEqual([query, 400, 'VALIDATION_ERROR']);
        expect(Object.keys(answer.body.details)).toEqual([query.split('=')[0]]);
      }
    },
  );
});
