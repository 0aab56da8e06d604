import type { RunMetrics } from '@attune/events';
import { eventually } from '@attune/testing';
import type { TestApi } from './test-api';

/** One more run of a model that has data, from its start to its version. */
export async function trainAgain(api: TestApi, id: number, metrics: Partial<RunMetrics> = {}): Promise<void> {
  const answer = await api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {} });
  if (answer.status !== 200) throw new Error(`run: ${answer.text}`);
  await api.succeedRun(id, metrics);
  await eventually(async () => {
    if ((await api.getModel(id)).training_status !== 4) throw new Error('not trained yet');
  });
}
