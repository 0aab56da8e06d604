import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePort } from '@attune/embedded';
import {
  checkBuilt,
  eventually,
  SERVICE_PASSWORD,
  temporaryDirectory,
  testPostgresUrl,
  TestNats,
} from '@attune/testing';
import { Client } from 'pg';

const images = join(__dirname, '..');
const root = join(images, '..', '..');
const scriptedEngine = join(root, 'packages', 'engine-protocol', 'test-engine', 'engine.mjs');

/** Each service with a schema, and the role that it logs in as. */
const schemas = {
  'models-api': 'attune_models',
  ingestion: 'attune_ingestion',
  trainer: 'attune_training',
  evaluator: 'attune_evaluation',
  billing: 'attune_billing',
};
type App = keyof typeof schemas | 'stt';
const apps = [...Object.keys(schemas), 'stt'] as App[];

jest.setTimeout(240_000);

interface Ended {
  code: number | null;
  output: string;
}

/** One script as a container starts it: with the variables that it is given, and PATH. */
class Script {
  private output = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<Ended>;

  constructor(name: string, app: App, variables: Readonly<Record<string, string>>) {
    const env = { PATH: process.env['PATH'], APP_DIRECTORY: join(root, 'apps', app), ...variables };
    this.child = spawn(join(images, 'bin', name), [], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.ended = once(this.child, 'close').then(([code]) => ({ code: code as number | null, output: this.output }));
  }

  end(): Promise<Ended> {
    return this.ended;
  }

  terminate(): Promise<Ended> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

const runScript = (name: string, app: App, variables: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  new Script(name, app, variables).end();

describe('the scripts of an image', () => {
  let directory: string;
  let database: string;
  let nats: TestNats;
  const started: Script[] = [];

  beforeAll(async () => {
    for (const app of apps) checkBuilt(join(root, 'apps', app));
    directory = await temporaryDirectory('images');
    nats = await TestNats.create();
    // The engine as an image holds it, by one that needs no model.
    mkdirSync(join(directory, 'engine', 'bin'), { recursive: true });
    symlinkSync(scriptedEngine, join(directory, 'engine', 'bin', 'engine-whisper'));
    database = `images_${String(process.pid)}`;
    await atServer(`CREATE DATABASE ${database}`);
  });
  afterAll(async () => {
    for (const script of started) script.kill();
    await Promise.all(started.map((script) => script.end()));
    await nats.remove();
    await atServer(`DROP DATABASE ${database} WITH (FORCE)`);
    rmSync(directory, { recursive: true });
  });

  async function atServer(statement: string): Promise<void> {
    const client = new Client({ connectionString: testPostgresUrl() });
    await client.connect();
    await client.query(statement);
    await client.end();
  }

  function databaseUrl(role?: string): string {
    const url = new URL(testPostgresUrl());
    url.pathname = `/${database}`;
    if (role !== undefined) [url.username, url.password] = [role, SERVICE_PASSWORD];
    return url.href;
  }

  const migration = (app: keyof typeof schemas): Record<string, string> => ({
    DATABASE_OWNER_URL: databaseUrl(),
    DATABASE_URL: databaseUrl(schemas[app]),
  });

  const folder = (name: string): string => {
    mkdirSync(join(directory, name), { recursive: true });
    return join(directory, name);
  };

  const store = (): Record<string, string> => ({
    STORE_KIND: 'filesystem',
    STORE_DIRECTORY: folder('store'),
    STORE_SIGNING_SECRET: 's'.repeat(32),
    STORE_INTERNAL_URL: 'http://127.0.0.1:1',
  });

  const own: Record<App, () => Record<string, string>> = {
    'models-api': () => ({
      API_KEY_PEPPER: 'p'.repeat(32),
      SECRETS_KEY: 'k'.repeat(32),
      STT_URL: 'http://127.0.0.1:1',
      STT_INTERNAL_TOKEN: 't'.repeat(32),
    }),
    ingestion: () => ({ WORK_DIRECTORY: folder('ingestion') }),
    trainer: () => ({
      TRAINER_ENGINES: JSON.stringify({ whisper: [join(directory, 'engine', 'bin', 'engine-whisper')] }),
      TRAINER_WORK_DIRECTORY: folder('trainer'),
      TRAINER_CACHE_DIRECTORY: folder('bases'),
    }),
    evaluator: () => ({}),
    billing: () => ({}),
    stt: () => ({
      STT_INTERNAL_TOKEN: 't'.repeat(32),
      STT_WORK_DIRECTORY: folder('stt'),
      STT_CACHE_DIRECTORY: folder('models'),
      ENGINE_DIRECTORY: join(directory, 'engine'),
    }),
  };

  const service = (app: App, port: number): Record<string, string> => ({
    PORT: String(port),
    LOG_LEVEL: 'warn',
    NATS_URL: nats.url,
    ...(app === 'stt' ? {} : { DATABASE_URL: databaseUrl(schemas[app]) }),
    ...store(),
    ...own[app](),
  });

  async function start(app: App): Promise<{ script: Script; port: number }> {
    const port = await freePort();
    const script = new Script(app === 'stt' ? 'stt' : 'service', app, service(app, port));
    started.push(script);
    await eventually(
      async () => {
        const answer = await fetch(`http://127.0.0.1:${String(port)}/healthz/live`);
        if (!answer.ok) throw new Error(await answer.text());
      },
      { timeoutMs: 120_000 },
    );
    return { script, port };
  }

  it('migrate brings every schema up to date, and again, twice at once, changes nothing', async () => {
    const all = Object.keys(schemas) as (keyof typeof schemas)[];
    const migrate = (app: keyof typeof schemas): Promise<Ended> => runScript('migrate', app, migration(app));
    const first = await Promise.all(all.map(migrate));
    const again = await Promise.all([migrate('models-api'), migrate('models-api')]);
    expect([...first, ...again].filter(({ code }) => code !== 0)).toEqual([]);
  });

  it('a service answers, says by `health` whether it is ready, and ends with 0 when it is told to', async () => {
    const running = await Promise.all(apps.map((app) => start(app)));
    const [first] = running;
    if (first === undefined) throw new Error('no service');
    await eventually(
      async () => {
        expect((await runScript('health', 'models-api', { PORT: String(first.port) })).code).toBe(0);
      },
      { timeoutMs: 60_000 },
    );
    const startedAt = performance.now();
    const ends = await Promise.all(running.map(({ script }) => script.terminate()));
    expect(ends.map(({ code }) => code)).toEqual(apps.map(() => 0));
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect((await runScript('health', 'models-api', { PORT: String(first.port) })).code).toBe(1);
  });

  it('base and bootstrap make base, organization and key, and again change nothing', async () => {
    await Promise.all([start('models-api'), start('billing')]);
    const base = join(directory, 'base');
    const keyFile = join(directory, 'api-key');
    const variables = {
      ...service('models-api', 0),
      ENGINE_DIRECTORY: join(directory, 'engine'),
      BASE_DIRECTORY: base,
      BOOTSTRAP_KEY_FILE: keyFile,
    };
    const pass = async (): Promise<string> => {
      for (const name of ['base', 'bootstrap'])
        expect(await runScript(name, 'models-api', variables)).toMatchObject({ code: 0 });
      return readFileSync(keyFile, 'utf8');
    };
    const key = await pass();
    expect(key).toMatch(/^\S{20,}\s*$/);
    expect(await pass()).toBe(key);
  });

  it('a runner hears its signal, and leaves its run to the next start', async () => {
    // One that can give no run away: whoever asks it listens to signals by then.
    let asked = 0;
    const trainer = createServer((_, response) => {
      asked += 1;
      response.writeHead(503).end();
    });
    await once(trainer.listen(0, '127.0.0.1'), 'listening');
    const runner = new Script('runner', 'trainer', {
      TRAINER_URL: `http://127.0.0.1:${String((trainer.address() as AddressInfo).port)}`,
      RUN_ID: '01890000-0000-7000-8000-000000000000',
      RUN_START: '1',
      RUN_TOKEN: 'token',
      RUN_WORK_DIRECTORY: folder('run'),
      CACHE_DIRECTORY: folder('bases'),
    });
    started.push(runner);
    await eventually(() => expect(asked).toBeGreaterThan(0), { timeoutMs: 60_000 });
    expect((await runner.terminate()).code).toBe(75);
    trainer.close();
  });

  it.each([
    ['service', 'DATABASE_URL NATS_URL STORE_KIND'],
    ['migrate', 'DATABASE_OWNER_URL DATABASE_URL'],
    ['runner', 'TRAINER_URL RUN_ID RUN_START RUN_TOKEN RUN_WORK_DIRECTORY CACHE_DIRECTORY'],
    ['stt', 'NATS_URL STORE_KIND STT_INTERNAL_TOKEN STT_WORK_DIRECTORY STT_CACHE_DIRECTORY'],
    ['base', 'BASE_DIRECTORY'],
    ['bootstrap', 'DATABASE_URL STORE_KIND API_KEY_PEPPER BASE_DIRECTORY BOOTSTRAP_KEY_FILE'],
    ['health', 'PORT'],
  ])('%s refuses an incomplete environment by one line', async (name, missing) => {
    expect(await runScript(name, 'trainer')).toEqual({
      code: 78,
      output: `${name}: missing in the environment: ${missing}\n`,
    });
  });

  it('a program that an image does not hold is one line too', async () => {
    const { code, output } = await runScript('migrate', 'stt', { DATABASE_OWNER_URL: 'x', DATABASE_URL: 'x' });
    expect([code, output]).toEqual([
      78,
      `migrate: ${join(root, 'apps', 'stt')}/dist/migrate.js is not in this image\n`,
    ]);
  });
});
