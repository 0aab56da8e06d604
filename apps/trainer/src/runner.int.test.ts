import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exitCodes, plainEnvironment } from '@attune/engine-protocol';
import { newId } from '@attune/kernel';
import { eventually, tsProgram } from '@attune/testing';

/** A trainer that can give no run away, as while models-api is away. */
let trainer: Server;
let claims = 0;
let runner: ChildProcess;

beforeAll(async () => {
  trainer = createServer((_, response) => {
    claims += 1;
    response.writeHead(503).end();
  });
  await once(trainer.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => trainer.close());
beforeEach(() => (claims = 0));
afterEach(() => runner.kill('SIGKILL'));

/** Answers how it ended. */
function start(parent: number): Promise<unknown[]> {
  const { command, args } = tsProgram(join(__dirname, 'runner.ts'));
  runner = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...plainEnvironment(),
      ATTUNE_ENGINE_PARENT: String(parent),
      TRAINER_URL: `http://127.0.0.1:${String((trainer.address() as AddressInfo).port)}`,
      RUN_ID: newId(),
      RUN_START: '1',
      RUN_TOKEN: 'token',
      RUN_WORK_DIRECTORY: '/nowhere',
      CACHE_DIRECTORY: '/nowhere',
      ENGINES: '{}',
    },
  });
  return once(runner, 'exit');
}

describe('a runner that has no run yet', () => {
  it('ends when it is asked to, though its trainer lets it claim nothing', async () => {
    const ended = start(process.pid);
    await eventually(() => expect(claims).toBeGreaterThan(1));
    runner.kill('SIGTERM');
    expect(await ended).toEqual([exitCodes.interrupted, null]);
  });

  it('claims nothing when whoever started it is gone', async () => {
    expect(await start(process.pid + 1)).toEqual([exitCodes.interrupted, null]);
    expect(claims).toBe(0);
  });
});
