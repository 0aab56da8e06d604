import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { limitNames } from '@attune/kernel';
import { runCli } from './cli';

const ID = '0190a5b0-0000-7000-8000-000000000000';
const KEY_ID = '0190a5b0-0000-7000-8000-000000000001';
const at = '2026-01-15T10:00:00Z';
const limits = Object.fromEntries(Object.values(limitNames).map((name) => [name, 5]));

const organization = {
  id: ID,
  name: 'Heart clinic',
  plan: 'gold',
  may_train: true,
  minimum_training_seconds: 18_000,
  limits: { ...limits, models: 9, requests_per_day: null },
  limit_overrides: { models: 9 },
  created_at: at,
};
const key = {
  id: KEY_ID,
  organization_id: ID,
  name: 'Ward 3',
  prefix: 'attune_8charsid',
  last4: 'wxyz',
  scopes: ['stt:transcribe'],
  created_at: at,
  expires_at: null,
  last_used_at: null,
  revoked_at: null,
};

interface Call {
  at: string;
  body: unknown;
}

describe('attune admin', () => {
  let server: Server;
  let url: string;
  let home: string;
  let calls: Call[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const path = (request.url ?? '').split('?')[0] ?? '';
        const call = {
          at: `${request.method ?? ''} ${path}`,
          body: text === '' ? undefined : (JSON.parse(text) as unknown),
        };
        const good = request.headers.authorization === 'Bearer operator';
        if (good) calls.push(call);
        const [status, body] = good ? answerTo(call.at) : refusal(401, 'INVALID_API_KEY');
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    home = await mkdtemp(join(tmpdir(), 'attune-admin-'));
  });
  afterAll(async () => {
    server.close();
    await rm(home, { recursive: true });
  });
  beforeEach(() => {
    calls = [];
  });

  const admin = async (args: string[], variables: NodeJS.ProcessEnv = { ATTUNE_ADMIN_KEY: 'operator' }) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const code = await runCli(['admin', ...args], {
      variables: { ATTUNE_URL: url, HOME: home, ...variables },
      workingDirectory: home,
      stdout,
      stderr,
      stdin: new PassThrough(),
      signal: new AbortController().signal,
    });
    const textOf = (stream: PassThrough) => String((stream.read() as Buffer | null) ?? '');
    return { code, out: textOf(stdout), err: textOf(stderr) };
  };

  it('creates an organization with its plan and what differs from it', async () => {
    const args = ['organizations', 'create', 'Heart clinic', '--plan', 'gold', '--limit', 'models=9'];
    const done = await admin([...args, '--limit', 'requests_per_day=unlimited', '--minimum-training-seconds', '60']);
    expect([done.code, done.err]).toEqual([0, '']);
    expect(calls).toEqual([
      {
        at: 'POST /admin/v1/organizations',
        body: {
          name: 'Heart clinic',
          plan: 'gold',
          limits: { models: 9, requests_per_day: null },
          minimum_training_seconds: 60,
        },
      },
    ]);
    expect(done.out).toMatch(/models\s+9 \(agreed\)/);
    expect(done.out).toMatch(/requests_per_day\s+unlimited/);
    expect(done.out).toContain(`next: attune admin keys create ${ID}`);
  });

  it('changes what is named, and goes back to the plan’s own limits', async () => {
    await admin(['organizations', 'change', ID, '--plan', 'enterprise', '--name', 'Lung clinic']);
    await admin(['organizations', 'change', ID, '--plan-limits', '--minimum-training-seconds', 'plan']);
    expect(calls.map(({ body }) => body)).toEqual([
      { plan: 'enterprise', name: 'Lung clinic' },
      { limits: {}, minimum_training_seconds: null },
    ]);
  });

  it('lists and shows organizations, for people and for scripts', async () => {
    expect((await admin(['organizations', 'list'])).out).toMatch(
      new RegExp(`ID\\s+NAME[^]*${ID}\\s+Heart clinic\\s+gold`),
    );
    expect(JSON.parse((await admin(['organizations', 'show', ID, '--json'])).out)).toEqual(organization);
  });

  it('creates a key, shown on a line of its own, lists keys without them, and revokes one', async () => {
    const made = await admin(['keys', 'create', ID, 'Ward 3', '--scope', 'stt:transcribe', '--expires', at]);
    expect(made.out.split('\n')[0]).toBe('attune_secret');
    expect(calls[0]?.body).toEqual({ name: 'Ward 3', scopes: ['stt:transcribe'], expires_at: at });
    const list = await admin(['keys', 'list', ID]);
    expect(list.out).toMatch(/Ward 3\s+attune_8charsid\.\.\.wxyz\s+stt:transcribe\s+never\s+valid/);
    const revoked = await admin(['keys', 'revoke', ID, KEY_ID]);
    expect([revoked.code, revoked.out]).toEqual([0, 'revoked attune_8charsid...wxyz "Ward 3"\n']);
  });

  it('finds the admin key in .attune/admin-key of the working directory', async () => {
    await mkdir(join(home, '.attune'), { recursive: true });
    await writeFile(join(home, '.attune', 'admin-key'), 'operator\n');
    expect((await admin(['organizations', 'list'], {})).code).toBe(0);
    await rm(join(home, '.attune'), { recursive: true });
  });

  it.each([
    [2, 'no admin key', ['organizations', 'list'], {}, 'ATTUNE_ADMIN_KEY'],
    [2, 'an organization without a plan', ['organizations', 'create', 'x'], undefined, '--plan'],
    [2, 'a plan that is not sold', ['organizations', 'create', 'x', '--plan', 'platinum'], undefined, 'enterprise'],
    [
      2,
      'a limit that there is not',
      ['organizations', 'change', ID, '--limit', 'cats=1'],
      undefined,
      'requests_per_day',
    ],
    [2, 'a limit that is no number', ['organizations', 'change', ID, '--limit', 'models=many'], undefined, 'unlimited'],
    [2, 'a change of nothing', ['organizations', 'change', ID], undefined, '--plan'],
    [2, 'a scope that there is not', ['keys', 'create', ID, 'x', '--scope', 'all'], undefined, 'custom_models:read'],
    [1, 'a key that is not the admin key', ['keys', 'list', ID], { ATTUNE_ADMIN_KEY: 'x' }, 'ATTUNE_ADMIN_KEY'],
    [1, 'an organization that there is not', ['organizations', 'show', 'nobody'], undefined, 'organizations list'],
    [1, 'a key that there is not', ['keys', 'revoke', ID, 'none'], undefined, 'admin keys list'],
  ] as const)('ends with %d for %s, and says what to do', async (code, _, args, variables, advice) => {
    const done = await admin([...args], variables);
    expect([done.code, done.out]).toEqual([code, '']);
    expect(done.err).toContain(advice);
  });
});

function answerTo(call: string): [number, object] {
  const list = (item: object): object => ({ count: 1, total_results: 1, result: [item] });
  switch (call) {
    case 'POST /admin/v1/organizations':
      return [201, organization];
    case 'GET /admin/v1/organizations':
      return [200, list(organization)];
    case `GET /admin/v1/organizations/${ID}`:
    case `PATCH /admin/v1/organizations/${ID}`:
      return [200, organization];
    case `POST /admin/v1/organizations/${ID}/keys`:
      return [201, { ...key, key: 'attune_secret' }];
    case `GET /admin/v1/organizations/${ID}/keys`:
      return [200, list(key)];
    case `POST /admin/v1/organizations/${ID}/keys/${KEY_ID}/revoke`:
      return [200, { ...key, revoked_at: at }];
    default:
      return refusal(404, call.includes('/keys/') ? 'API_KEY_NOT_FOUND' : 'ORGANIZATION_NOT_FOUND');
  }
}

function refusal(status: number, code: string): [number, object] {
  return [status, { error: 'Refused', message: 'It was refused', error_code: code, details: {} }];
}
