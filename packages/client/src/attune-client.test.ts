import { once } from 'node:events';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttuneClient, type AttuneClientOptions } from './attune-client';
import { ApiError, PlatformUnreachable, UnexpectedAnswer } from './errors';

const MEGABYTE = 1024 * 1024;

const model = (status: number) => ({
  id: 7,
  model_key: 'custom_model_7',
  name: 'Heart clinic',
  description: null,
  language: 'en',
  base_model: 'medical',
  training_status: status,
  status_message: 'Training in progress...',
  created_at: '2026-01-15T10:00:00Z',
  updated_at: '2026-01-15T10:00:00Z',
});

const receipt = {
  message: 'Training data uploaded successfully',
  data_type: 'train',
  filename: 'a.wav',
  transcript_filename: 'a.txt',
  training_status: 2,
  data_id: '0190a5b0-0000-7000-8000-000000000000',
  item_status: 'ok',
  duplicate: false,
};

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  answer(response, status, { error: 'Refused', message: 'No', error_code: code, details: { why: 'because' } }, headers);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

describe('the client of the public API', () => {
  let server: Server;
  let handler: Handler;
  let baseUrl: string;
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'attune-client-'));
    server = createServer((request, response) => void Promise.resolve(handler(request, response)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    baseUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true });
  });

  const client = (options: Partial<AttuneClientOptions> = {}) => new AttuneClient({ baseUrl, apiKey: 'k', ...options });
  const fileOf = async (name: string, content: string) => {
    await writeFile(join(directory, name), content);
    return join(directory, name);
  };
  const pair = (audio: string, transcript: string) => ({
    type: 'train' as const,
    audioPath: audio,
    transcriptPath: transcript,
  });

  it('sends the key and the body as the contract names them, and answers the model', async () => {
    let seen: unknown;
    handler = async (request, response) => {
      seen = [request.method, request.url, request.headers.authorization, JSON.parse(await bodyOf(request))];
      answer(response, 201, model(1));
    };
    const created = await client().models.create({ name: 'Heart clinic', language: 'en', baseModel: 'medical' });
    expect(created.id).toBe(7);
    const body = { name: 'Heart clinic', language: 'en', base_model: 'medical' };
    expect(seen).toEqual(['POST', '/api/v3/custom_models', 'Bearer k', body]);
  });

  it('deletes: an answer without a body is no surprise', async () => {
    handler = (_, response) => void response.writeHead(204).end();
    await expect(client().models.remove(7)).resolves.toBeUndefined();
  });

  it('gives every model of every page', async () => {
    handler = (request, response) => {
      const query = new URL(request.url ?? '', baseUrl).searchParams;
      const rest = Math.max(0, 230 - Number(query.get('offset')));
      const size = Math.min(rest, Number(query.get('limit')));
      answer(response, 200, { count: size, total_results: 230, result: Array.from({ length: size }, () => model(2)) });
    };
    expect(await client().models.list()).toHaveLength(230);
  });

  it('turns a refusal into an ApiError with code, message and details', async () => {
    handler = (_, response) => refuse(response, 404, 'MODEL_NOT_FOUND');
    const error: unknown = await client()
      .models.get(8)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 404,
      errorCode: 'MODEL_NOT_FOUND',
      message: 'No',
      details: { why: 'because' },
    });
  });

  it.each([429, 503])('waits as long as a %d asks for, then tries again', async (status) => {
    let calls = 0;
    const waits: number[] = [];
    handler = (_, response) =>
      ++calls < 3
        ? refuse(response, status, 'RATE_LIMIT_EXCEEDED', { 'retry-after': '0' })
        : answer(response, 200, model(2));
    await expect(client({ onWait: (seconds) => waits.push(seconds) }).models.get(7)).resolves.toMatchObject({ id: 7 });
    expect(waits).toEqual([0, 0]);
  });

  it('gives up at once when the wait asked for is longer than its patience', async () => {
    handler = (_, response) => refuse(response, 429, 'RATE_LIMIT_EXCEEDED', { 'retry-after': '3600' });
    await expect(client().models.get(7)).rejects.toMatchObject({
      errorCode: 'RATE_LIMIT_EXCEEDED',
      retryAfterSeconds: 3600,
    });
  });

  it('says what to do when nothing listens there', async () => {
    const gone = client({ baseUrl: 'http://127.0.0.1:9' });
    const error: unknown = await gone.models.get(7).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PlatformUnreachable);
    expect(String(error)).toContain('npm start');
  });

  it('does not take the page of some other program for an answer', async () => {
    handler = (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>');
    await expect(client().models.get(7)).rejects.toThrow(UnexpectedAnswer);
    handler = (_, response) => answer(response, 200, { id: 'seven' });
    await expect(client().models.get(7)).rejects.toThrow(UnexpectedAnswer);
  });

  it('uploads both files of a pair under their names, whatever characters those have', async () => {
    let body = '';
    let declared = 0;
    handler = async (request, response) => {
      declared = Number(request.headers['content-length']);
      body = await bodyOf(request);
      answer(response, 200, receipt);
    };
    let sent = 0;
    const audio = await fileOf('brief "Müller"\n.wav', 'RIFF');
    const done = await client().uploadPair(7, pair(audio, await fileOf('a.txt', 'Hello')), {
      onBytes: (bytes) => (sent += bytes),
    });
    expect(done.item_status).toBe('ok');
    expect(body).toContain('name="type"\r\n\r\ntrain\r\n');
    expect(body).toContain('name="audio_file"; filename="brief %22Müller%22%0A.wav"');
    expect(body).toContain('filename="a.txt"\r\ncontent-type: application/octet-stream\r\n\r\nHello\r\n');
    expect([declared, sent]).toEqual([Buffer.byteLength(body), Buffer.byteLength(body)]);
  });

  it('uploads a recording far larger than the memory it takes', async () => {
    const large = join(directory, 'large.wav');
    const file = await open(large, 'w');
    await file.truncate(512 * MEGABYTE);
    await file.close();
    handler = async (request, response) => {
      let received = 0;
      for await (const chunk of request) received += (chunk as Buffer).length;
      answer(response, 200, { ...receipt, message: String(received) });
    };
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
    const done = await client().uploadPair(7, pair(large, await fileOf('a.txt', 'Hello')));
    clearInterval(watch);
    expect(Number(done.message)).toBeGreaterThan(512 * MEGABYTE);
    expect(peak - before).toBeLessThan(128 * MEGABYTE);
  });

  it('hears a refusal that comes while the recording is still being sent', async () => {
    const large = join(directory, 'refused.wav');
    const file = await open(large, 'w');
    await file.truncate(64 * MEGABYTE);
    await file.close();
    handler = (request, response) => {
      request.once('data', () => refuse(response, 413, 'PAYLOAD_TOO_LARGE', { connection: 'close' }));
    };
    await expect(client().uploadPair(7, pair(large, await fileOf('a.txt', 'Hello')))).rejects.toMatchObject({
      errorCode: 'PAYLOAD_TOO_LARGE',
    });
  });

  it('sends the whole body again when an upload has to wait', async () => {
    const lengths: number[] = [];
    handler = async (request, response) => {
      lengths.push((await bodyOf(request)).length);
      if (lengths.length === 1) refuse(response, 503, 'SERVICE_UNAVAILABLE', { 'retry-after': '0' });
      else answer(response, 200, receipt);
    };
    await client().uploadPair(7, pair(await fileOf('a.wav', 'RIFF'), await fileOf('a.txt', 'Hello')));
    expect(lengths).toEqual([lengths[0], lengths[0]]);
  });

  it('sends a call whose answer got lost again with the same Idempotency-Key, and a new call with another', async () => {
    const keys: unknown[] = [];
    handler = async (request, response) => {
      await bodyOf(request);
      keys.push(request.headers['idempotency-key']);
      if (keys.length === 1) request.socket.destroy();
      else if (keys.length === 2) refuse(response, 409, 'IDEMPOTENCY_CONFLICT');
      else answer(response, 200, model(3));
    };
    const waits: string[] = [];
    const caller = client({ onWait: (_, code) => waits.push(code) });
    await expect(caller.startRun(7)).resolves.toMatchObject({ training_status: 3 });
    expect(waits).toEqual(['ECONNRESET', 'IDEMPOTENCY_CONFLICT']);
    await caller.startRun(7);
    const [first, second, third, other] = keys;
    expect([second, third]).toEqual([first, first]);
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(other).not.toBe(first);
  });

  it('waits for a platform that was killed with the call in its hands until it listens again', async () => {
    const { port } = server.address() as AddressInfo;
    const keys: unknown[] = [];
    handler = (request, response) => {
      keys.push(request.headers['idempotency-key']);
      if (keys.length === 1) {
        server.close();
        request.socket.destroy();
      } else answer(response, 200, model(3));
    };
    const waits: string[] = [];
    const onWait = (_: number, code: string): void => {
      waits.push(code);
      if (code === 'ECONNREFUSED') server.listen(port, '127.0.0.1');
    };
    await expect(client({ onWait }).startRun(7)).resolves.toMatchObject({ training_status: 3 });
    expect(waits).toEqual(['ECONNRESET', 'ECONNREFUSED']);
    expect(keys).toEqual([keys[0], keys[0]]);
  });

  it('does not send a call without a key again: a deletion whose answer got lost', async () => {
    let calls = 0;
    handler = (request) => {
      calls += 1;
      request.socket.destroy();
    };
    await expect(client().models.remove(7)).rejects.toThrow(PlatformUnreachable);
    expect(calls).toBe(1);
  });

  it('names the file that cannot be read', async () => {
    const missing = pair(join(directory, 'missing.wav'), await fileOf('a.txt', 'Hello'));
    await expect(client().uploadPair(7, missing)).rejects.toThrow('missing.wav');
  });

  it('reads the log over all pages, from the line asked for', async () => {
    handler = (request, response) => {
      const query = new URL(request.url ?? '', baseUrl).searchParams;
      const first = Number(query.get('offset'));
      const size = Math.max(0, Math.min(2500 - first, Number(query.get('limit'))));
      const line = (index: number) => ({
        timestamp: 't',
        level: 'info',
        stage: 'training',
        message: String(first + index),
      });
      answer(response, 200, {
        count: size,
        total_results: 2500,
        result: Array.from({ length: size }, (_, at) => line(at)),
      });
    };
    const messages: string[] = [];
    for await (const line of client().log(7, 400)) messages.push(line.message);
    expect([messages.length, messages[0], messages.at(-1)]).toEqual([2100, '400', '2499']);
  });

  it('waits for the end of a run, also through an interruption of the platform', async () => {
    const answers = [3, 0, 3, 4];
    const seen: number[] = [];
    handler = (request, response) => {
      const status = answers.shift() ?? 4;
      if (status === 0) request.socket.destroy();
      else answer(response, 200, model(status));
    };
    const ended = await client().waitForRun(7, { onUpdate: ({ training_status }) => void seen.push(training_status) });
    expect(ended.training_status).toBe(4);
    expect(seen).toEqual([3, 3, 4]);
  });

  it('stops waiting when its signal says so', async () => {
    handler = (_, response) => answer(response, 200, model(3));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    await expect(client({ signal: stop.signal }).waitForRun(7)).rejects.toThrow('aborted');
  });

  describe('follows a run', () => {
    const event = (position: number) => ({
      cursor: `c${String(position)}`,
      timestamp: '2026-01-15T10:00:00Z',
      level: 'info',
      run_id: '0190a5b0-0000-7000-8000-000000000000',
      stage: 'training',
      type: 'log',
      message: `line ${String(position)}`,
    });
    const block = (position: number) =>
      `id: c${String(position)}\nevent: log\ndata: ${JSON.stringify(event(position))}\n\n`;
    const stream = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });
    const told = async () => {
      const messages: string[] = [];
      for await (const one of client().follow(7)) if (one.type === 'log') messages.push(one.message);
      return messages;
    };

    it('through a connection that breaks in the middle of an event, with every event once', async () => {
      const asked: unknown[] = [];
      handler = (request, response) => {
        asked.push(request.headers['last-event-id']);
        stream(response);
        if (asked.length === 1) {
          response.write(`: comment\n\n${block(1)}${block(2)}${block(3).slice(0, 20)}`, () => response.destroy());
        } else response.end(`${block(3)}event: end\ndata: {}\n\n`);
      };
      expect(await told()).toEqual(['line 1', 'line 2', 'line 3']);
      expect(asked).toEqual([undefined, 'c2']);
    });

    it('again after a stream that ended before its run, until there is nothing left: 204', async () => {
      let calls = 0;
      handler = (_, response) => {
        calls += 1;
        if (calls === 1) stream(response).end(block(1));
        else response.writeHead(204).end();
      };
      expect(await told()).toEqual(['line 1']);
      expect(calls).toBe(2);
    });

    it('not when the platform refuses', async () => {
      handler = (_, response) => refuse(response, 404, 'MODEL_NOT_FOUND');
      await expect(told()).rejects.toMatchObject({ errorCode: 'MODEL_NOT_FOUND' });
    });
  });
});
