import fc from 'fast-check';
import { live, lives, type Real } from './test-support/life-of-models';
import { TestApi } from './test-support/test-api';

/** bench/invariants asks for a thousand. */
const SEQUENCES = Number(process.env['ATTUNE_TEST_SEQUENCES'] ?? 12);

let real: Real;
beforeAll(async () => {
  const api = await TestApi.start();
  real = { api, urls: [api.url, await api.addReplica(), await api.addReplica()] };
});
afterAll(() => real.api.stop());

describe('models, whatever happens to them in whatever order', () => {
  it(
    'make legal moves only: contract, database and three instances of the API agree after every step',
    () =>
      fc.assert(
        fc.asyncProperty(lives, (commands) => live(commands, real)),
        { numRuns: SEQUENCES },
      ),
    60_000 + SEQUENCES * 20_000,
  );
});
