import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '@attune/embedded';
import { eventually, tsProgram } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { dataPath } from '../../test-support/uploading';

/** The full count runs under bench/upload-robustness. */
const ROUNDS = Number(process.env.ATTUNE_UPLOAD_ROUNDS ?? 24);
/** Memory of a young process is not at rest after a few uploads; after a thousand it is held to 5 %. */
const RSS_GROWTH = ROUNDS >= 1000 ? 1.05 : 1.25;
const KEY = /^o\/[0-9a-f-]{36}\/m\/\d+\/data\/[0-9a-f-]{36}\/(upload\/(audio|transcript)|audio\.flac|transcript\.txt)$/;

let api: TestApi;
let program: ChildProcess;
let url: string;
let port: number;
const logLines: string[] = [];

beforeAll(async () => {
  api = await TestApi.start();
  const { env } = api;
  if (env.store.kind !== 'filesystem') throw new Error('the test has a filesystem store');
  port = await freePort();
  url = `http://127.0.0.1:${String(port)}`;
  const { command, args } = tsProgram(join(__dirname, '..', '..', 'main.ts'));
  program = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
      DATABASE_URL: env.databaseUrl,
      NATS_URL: env.natsUrl,
      API_KEY_PEPPER: env.apiKeyPepper,
      SECRETS_KEY: env.secretsKey,
      STT_URL: env.stt.url,
      STT_INTERNAL_TOKEN: env.stt.token,
      STORE_KIND: 'filesystem',
      STORE_DIRECTORY: env.store.directory,
      STORE_SIGNING_SECRET: env.store.signingSecret,
      STORE_INTERNAL_URL: env.store.publicBaseUrl,
    },
  });
  if (!program.stdout) throw new Error('no output');
  createInterface({ input: program.stdout }).on('line', (line) => logLines.push(line));
  await eventually(async () => expect((await fetch(`${url}/healthz/ready`)).status).toBe(200), { timeoutMs: 40_000 });
  expect(program.exitCode).toBeNull();
});
afterAll(async () => {
  if (program.exitCode === null) {
    program.kill('SIGTERM');
    await once(program, 'exit');
  }
  await api.stop();
});

const pid = () => String(program.pid);
const openFiles = async () => (await readdir(`/proc/${pid()}/fd`)).length;
const residentBytes = async () =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid()}/status`, 'utf8'))?.[1] ?? 0) * 1024;

const AUDIO = Buffer.alloc(300_000, 'x');
const PART = (name: string, filename: string | null, content: Buffer | string): Buffer =>
  Buffer.concat([
    Buffer.from(
      `--x\r\ncontent-disposition: form-data; name="${name}"${filename === null ? '' : `; filename="${filename}"`}\r\n\r\n`,
    ),
    Buffer.from(content as string),
    Buffer.from('\r\n'),
  ]);
const END = Buffer.from('--x--\r\n');
const formOf = (audioName: string, extra: Buffer[] = []) =>
  Buffer.concat([
    PART('type', null, 'train'),
    ...extra,
    PART('audio_file', audioName, AUDIO),
    PART('transcript_file', 't.txt', 'words'),
    END,
  ]);

/** Sends bytes as they are, so that they may be wrong; ends or breaks the connection as told. */
async function raw(
  modelId: number,
  body: Buffer,
  options: { length?: number; cutAt?: number; slowly?: boolean } = {},
): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let answer = '';
  socket.on('data', (chunk) => (answer += String(chunk)));
  socket.on('error', () => undefined);
  const closed = once(socket, 'close').catch(() => undefined);
  socket.write(
    `PUT ${dataPath(modelId)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${api.tenant.key}\r\n` +
      `content-type: multipart/form-data; boundary=x\r\ncontent-length: ${String(options.length ?? body.length)}\r\n\r\n`,
  );
  const sent = body.subarray(0, options.cutAt ?? body.length);
  if (options.slowly === true) {
    for (let at = 0; at < 5; at++) {
      socket.write(sent.subarray(at * 10, at * 10 + 10));
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  } else socket.write(sent);
  if (options.cutAt !== undefined || options.slowly === true) setTimeout(() => socket.destroy(), 50);
  // More was announced than comes: only the end of the connection says so. Else the server answers and closes.
  else if ((options.length ?? 0) > body.length) setTimeout(() => socket.end(), 300);
  await closed;
  return answer;
}

const NAMES = [
  '../../etc/passwd',
  'a\u0000b.mp3',
  '\u202egpj.mp3',
  `${'x'.repeat(10_000)}.mp3`,
  'a%0d%0aset-cookie: x.mp3',
  '..\\..\\a.mp3',
];
const FIELDS = ['a[b][c][d][e]', '__proto__', 'constructor', 'type[]', 'audio_file[0]'];

/** One of each kind of trouble, all at once. */
async function round(modelId: number, number: number): Promise<void> {
  const name = NAMES[number % NAMES.length] ?? 'a.mp3';
  const field = FIELDS[number % FIELDS.length] ?? 'a[b]';
  const same = { method: 'PUT', headers: { authorization: `Bearer ${api.tenant.key}` } };
  const twin = (): FormData => {
    const form = new FormData();
    form.append('type', 'train');
    form.append('audio_file', new Blob([`the same twice ${String(number)} of ${String(modelId)}`]), 'a.mp3');
    form.append('transcript_file', new Blob(['words']), 'a.txt');
    return form;
  };
  const [, , , nested, twinOne, twinTwo] = await Promise.all([
    raw(modelId, formOf(name), { cutAt: 50_000 + (number % 7) * 30_000 }),
    raw(modelId, formOf(name), { slowly: true }),
    raw(modelId, formOf(name), { length: AUDIO.length * 2 }),
    raw(modelId, formOf('a.mp3', [PART(field, null, 'x')])),
    fetch(`${url}${dataPath(modelId)}`, { ...same, body: twin() }),
    fetch(`${url}${dataPath(modelId)}`, { ...same, body: twin() }),
    raw(modelId, formOf(name), { length: 2000 }),
  ]);
  expect(nested).toMatch(/^HTTP\/1.1 400 /);
  const bodies = (await Promise.all([twinOne.json(), twinTwo.json()])) as { data_id: string }[];
  expect([twinOne.status, twinTwo.status]).toEqual([200, 200]);
  expect(bodies[0]?.data_id).toBe(bodies[1]?.data_id);
}

async function rounds(modelId: number, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += 8) {
    await Promise.all(Array.from({ length: Math.min(8, to - at) }, (_, i) => round(modelId, at + i)));
  }
}

describe('uploads that are broken off, slow, wrong or hostile', () => {
  it(
    'leave no file open, no memory taken and nothing in quarantine; what is stored has keys of ours alone',
    async () => {
      const { id } = await api.createModel();
      const warmUp = Math.ceil(ROUNDS / 3);
      await rounds(id, 0, warmUp);
      await eventually(async () => expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]), {
        timeoutMs: 60_000,
      });
      const before = { files: await openFiles(), bytes: await residentBytes() };
      await rounds(id, warmUp, ROUNDS);

      await eventually(async () => expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]), {
        timeoutMs: 60_000,
      });
      await eventually(async () => expect(await openFiles()).toBeLessThanOrEqual(Math.ceil(before.files * 1.05)), {
        timeoutMs: 60_000,
      });
      await eventually(async () => expect(await residentBytes()).toBeLessThan(before.bytes * RSS_GROWTH), {
        timeoutMs: 60_000,
      });

      const items = await api.database.query<{ id: string }>('system', 'SELECT id FROM data_item WHERE model_id = $1', [
        id,
      ]);
      expect(items).toHaveLength(ROUNDS);
      const known = new Set(items.map((item) => item.id));
      const keys = await api.storedKeys();
      for (const key of keys) {
        expect(key).toMatch(KEY);
        expect(known).toContain(key.split('/')[5]);
      }
      expect(keys).toHaveLength(2 * ROUNDS);
    },
    240_000 + ROUNDS * 4000,
  );

  it('are one log line each, of JSON, whatever the client wrote', () => {
    for (const line of logLines) expect(() => JSON.parse(line) as unknown).not.toThrow();
    const ids = logLines
      .map((line) => JSON.parse(line) as { msg?: string; request_id?: string })
      .filter(({ msg }) => msg === 'request')
      .map(({ request_id }) => request_id);
    expect(ids.length).toBeGreaterThan(ROUNDS);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('that neither send nor go are ended by us', async () => {
    const silent = await TestApi.start({ uploads: { audioBytes: 1024 * 1024, transcriptBytes: 4096, silenceMs: 400 } });
    try {
      const { id } = await silent.createModel();
      const socket = connect(Number(new URL(silent.url).port), '127.0.0.1');
      await once(socket, 'connect');
      let answer = '';
      socket.on('data', (chunk) => (answer += String(chunk)));
      socket.write(
        `PUT ${dataPath(id)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${silent.tenant.key}\r\n` +
          `content-type: multipart/form-data; boundary=x\r\ncontent-length: 1000000\r\n\r\n`,
      );
      socket.write(formOf('a.mp3').subarray(0, 1000));
      await once(socket, 'close');
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expect(await silent.storedKeys()).toEqual([]);
      expect(await silent.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
    } finally {
      await silent.stop();
    }
  });
});
