import { TestPlatform } from './test-support/test-platform';
import { TestRun } from './test-support/a-run';
import type { TrainerProcess } from './test-support/trainer-process';

let platform: TestPlatform;
let trainer: TrainerProcess;

beforeAll(async () => {
  platform = await TestPlatform.start();
});
afterAll(() => platform.stop());
afterEach(() => trainer.end('SIGKILL'));

describe('a run', () => {
  it('goes from request to success, with every stage told and one success event', async () => {
    trainer = platform.trainer({ steps: 10, step_ms: 20 });
    await trainer.start();
    const t0 = Date.now();
    const run = await (await new TestRun(platform).store()).request();
    await run.reaches('succeeded').catch((e: unknown) => { console.log(trainer.log()); throw e; });
    console.log(Date.now() - t0, await run.transitions(), platform.heard.map((e) => [e.name, e.data]));
    console.log(await platform.log(run.organizationId, run.modelId, { offset: 0, limit: 100 }));
  });
});
