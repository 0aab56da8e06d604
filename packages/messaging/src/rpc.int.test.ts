import { requestSchemas } from '@attune/events';
import { AppError, delay } from '@attune/kernel';
import { eventually, startTestNats, type TestNats } from '@attune/testing';
import type { NatsConnection } from '@nats-io/nats-core';
import { connectNats } from './nats';
import { Rpc } from './rpc';
import { logger } from './test-support/fixture';

const digest = `sha256:${'0'.repeat(64)}`;
const reply = { engine: 'whisper', languages: ['en'], digest, files: [] };

describe('request/reply', () => {
  let nats: TestNats;
  let connections: NatsConnection[];
  let caller: Rpc;
  let server: Rpc;

  beforeAll(async () => {
    nats = await startTestNats();
  });
  afterAll(() => nats.remove());
  beforeEach(async () => {
    connections = await Promise.all(['a', 'b'].map((name) => connectNats({ url: nats.url, name, logger })));
    const [first, second] = connections as [NatsConnection, NatsConnection];
    caller = new Rpc(first, 'training', logger);
    server = new Rpc(second, 'models', logger);
  });
  afterEach(() => Promise.all(connections.map((connection) => connection.close())));

  const serve = async (handler: Parameters<typeof server.serve<'models.resolve-base'>>[1]): Promise<void> => {
    server.serve('models.resolve-base', handler);
    await connections[1]?.flush();
  };
  const code = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'answered',
      (error: unknown) => (error instanceof AppError ? error.code : error),
    );

  it('answers a question with what the catalogue says', async () => {
    await serve((request) => Promise.resolve({ ...reply, digest: request.digest }));
    expect(
      requestSchemas['models.resolve-base'].reply.parse(await caller.call('models.resolve-base', { digest })),
    ).toEqual(reply);
  });

  it('carries a refusal across with its code, message and details, and nothing that only operators may see', async () => {
    await serve(() => {
      throw new AppError('MODEL_NOT_FOUND', 'No such model', { details: { model: 7 }, internal: 'secret' });
    });
    const error = await caller.call('models.resolve-base', { digest }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'MODEL_NOT_FOUND', message: 'No such model', details: { model: 7 } });
    expect(JSON.stringify(error) + String((error as AppError).internal)).not.toContain('secret');
  });

  it('hides what went wrong inside the other service', async () => {
    await serve(() => {
      throw new Error('password=hunter2');
    });
    const error = await caller.call('models.resolve-base', { digest }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INTERNAL_ERROR', message: 'Internal error' });
  });

  it('is SERVICE_UNAVAILABLE when nobody is there, when nobody answers in time, and while NATS is away', async () => {
    expect(await code(caller.call('models.resolve-base', { digest }))).toBe('SERVICE_UNAVAILABLE');
    await serve(async () => {
      await delay(500);
      return reply;
    });
    expect(await code(caller.call('models.resolve-base', { digest }, { timeoutMs: 50 }))).toBe('SERVICE_UNAVAILABLE');
    await nats.crash();
    expect(await code(caller.call('models.resolve-base', { digest }, { timeoutMs: 300 }))).toBe('SERVICE_UNAVAILABLE');
    await nats.start();
    await eventually(
      async () => {
        expect(await code(caller.call('models.resolve-base', { digest }, { timeoutMs: 5_000 }))).toBe('answered');
      },
      { timeoutMs: 40_000 },
    );
  });

  it('lets a service answer only its own questions', () => {
    expect(() => caller.serve('models.resolve-base', () => Promise.resolve(reply))).toThrow('may not answer');
  });
});
