import { join } from 'node:path';
import { delay } from '@attune/kernel';
import { EngineBench } from './test-support/engine-bench';
import { EngineServer, type EngineServerOptions } from './engine-server';

const bench = new EngineBench();
const servers: EngineServer[] = [];
beforeAll(() => bench.makeBase());
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));

function serve(options: EngineServerOptions): EngineServer {
  const server = new EngineServer(options);
  servers.push(server);
  return server;
}

function request(language = 'en'): { model_directory: string; audio: string; language: string } {
  return {
    model_directory: join(bench.baseDirectory, 'ctranslate2'),
    audio: bench.audio('clip.wav', 'clip').path,
    language,
  };
}

describe('a warm engine', () => {
  it('answers many requests at once, each its own', async () => {
    const server = serve({ command: bench.engine({ item_ms: 20 }) });
    await server.start();
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.request(request())));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(20);
    expect(answers[0]).toMatchObject({ language: 'en', duration: 2 });
  });

  it('refuses one bad request with its code and lives on', async () => {
    const server = serve({ command: bench.engine() });
    await expect(server.request(request('xx'))).rejects.toMatchObject({ code: 'UNSUPPORTED_LANGUAGE' });
    await expect(server.request({ ...request(), audio: '/nonexistent' })).rejects.toMatchObject({ code: 'BAD_AUDIO' });
    await expect(server.request(request())).resolves.toMatchObject({ language: 'en' });
  });

  it('fails the requests at work when it dies, and answers the next one', async () => {
    const server = serve({ command: bench.engine({ item_ms: 5000, faults: [{ at: 'serve:request:2', do: 'kill' }] }) });
    await server.start();
    const first = server.request(request());
    const second = server.request(request());
    await expect(first).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(second).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(server.start()).resolves.toMatchObject({ type: 'ready' });
  });

  it('keeps its queue bounded', async () => {
    const server = serve({ command: bench.engine({ item_ms: 100 }), maxPending: 2 });
    const taken = [server.request(request()), server.request(request())];
    await expect(server.request(request())).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await Promise.all(taken);
  });

  it('is started anew when it hangs', async () => {
    const server = serve({
      command: bench.engine({ faults: [{ at: 'serve:request:1', do: 'hang' }] }),
      requestTimeoutMs: 1000,
    });
    await server.start();
    await expect(server.request(request())).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    // A busy machine may take it for hung once more.
    let answer: unknown;
    for (let i = 0; i < 100 && answer === undefined; i += 1)
      answer = await server.request(request()).catch(() => delay(100));
    expect(answer).toMatchObject({ language: 'en' });
  });

  it('does not spin when the engine cannot start', async () => {
    const ends: number[] = [];
    const faults = [{ at: 'serve:ready', do: 'exit:70', times: 100 }];
    const server = serve({ command: bench.engine({ faults }), onEnd: () => ends.push(performance.now()) });
    await expect(server.start()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    for (let i = 0; i < 400 && ends.length < 4; i += 1) await delay(50);
    // Pauses of 0.5 and 2 s lie before its third and fourth try; a millisecond is what timers round off.
    const pauses = ends.map((at, n) => at - (ends[n - 1] ?? 0));
    expect(pauses[2]).toBeGreaterThanOrEqual(499);
    expect(pauses[3]).toBeGreaterThanOrEqual(1999);
  });
});
