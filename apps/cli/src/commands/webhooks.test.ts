import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { runCli } from '../cli';

const ID = '0190a5b0-0000-7000-8000-000000000001';
const DELIVERY = '0190a5b0-0000-7000-8000-000000000002';
const at = '2026-01-15T10:00:00Z';
const hook = {
  id: ID,
  url: 'https://example.com/hook',
  events: ['run.failed'],
  description: null,
  enabled: true,
  disabled_reason: null,
  created_at: at,
  updated_at: at,
};
const delivery = {
  id: DELIVERY,
  message_id: 'msg_1',
  event_type: 'ping',
  state: 'pending',
  attempts: 1,
  response_status: 500,
  error: 'the receiver answered 500',
  next_attempt_at: '2026-01-15T10:05:00Z',
  created_at: at,
  delivered_at: null,
};
const listOf = (one: object) => ({ count: 1, total_results: 1, result: [one] });
const answers: Record<string, [number, object?]> = {
  'GET /api/v3/webhooks': [200, listOf(hook)],
  'POST /api/v3/webhooks': [201, { ...hook, secret: 'whsec_one' }],
  [`DELETE /api/v3/webhooks/${ID}`]: [204],
  [`POST /api/v3/webhooks/${ID}/rotate_secret`]: [
    200,
    { ...hook, secret: 'whsec_two', previous_secret_expires_at: at },
  ],
  [`POST /api/v3/webhooks/${ID}/ping`]: [200, delivery],
  [`GET /api/v3/webhooks/${ID}/deliveries`]: [200, listOf(delivery)],
  [`POST /api/v3/webhooks/${ID}/deliveries/${DELIVERY}/replay`]: [200, delivery],
};

let server: Server;
let sent: string[];
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      sent.push(Buffer.concat(chunks).toString());
      const [status, body] = answers[`${request.method ?? ''} ${(request.url ?? '').split('?')[0] ?? ''}`] ?? [500];
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
beforeEach(() => {
  sent = [];
});
afterAll(() => server.close());

async function attune(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const code = await runCli(['webhooks', ...args], {
    variables: { ATTUNE_URL: url, ATTUNE_API_KEY: 'key' },
    workingDirectory: '/',
    stdout,
    stderr,
    stdin: new PassThrough(),
    signal: new AbortController().signal,
  });
  const textOf = (stream: PassThrough): string => String((stream.read() as Buffer | null) ?? '');
  return { code, out: textOf(stdout), err: textOf(stderr) };
}

describe('attune webhooks', () => {
  it.each([
    ['list', ['list'], /example\.com\/hook +run\.failed +on/],
    ['delete', ['delete', ID], /^deleted /],
    ['rotate', ['rotate', ID], /whsec_two[^]*signs too until 2026/],
    ['ping', ['ping', ID], /msg_1/],
    ['deliveries', ['deliveries', ID], /ping +pending +1 +the receiver answered 500 +2026-01-15T10:05:00Z/],
    ['replay', ['replay', ID, DELIVERY], /msg_1 again/],
  ] as const)('%s', async (_, args, expected) => {
    const done = await attune(...args);
    expect([done.code, done.err]).toEqual([0, '']);
    expect(done.out).toMatch(expected);
  });

  it('create shows the secret once, and asks for the events that are named', async () => {
    const done = await attune('create', 'https://example.com/hook', '-e', 'run.failed', '-e', 'run.succeeded');
    expect(done.out).toContain('secret: whsec_one');
    expect(sent.map((body) => JSON.parse(body) as unknown)).toEqual([
      { url: 'https://example.com/hook', events: ['run.failed', 'run.succeeded'] },
    ]);
  });

  it('create refuses an event that there is not, and names those that there are', async () => {
    const done = await attune('create', 'https://example.com/hook', '-e', 'model.sold');
    expect(done.code).toBe(2);
    expect(done.err).toContain('run.succeeded');
  });

  it('--json gives scripts the answer itself', async () => {
    expect(JSON.parse((await attune('create', 'https://example.com/hook', '--json')).out)).toMatchObject({
      secret: 'whsec_one',
    });
  });
});
