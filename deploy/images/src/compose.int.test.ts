import { accessSync, constants, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureNats, run } from '@attune/embedded';
import { temporaryDirectory } from '@attune/testing';
import * as billing from '../../../apps/billing/src/env';
import * as evaluator from '../../../apps/evaluator/src/env';
import * as ingestion from '../../../apps/ingestion/src/env';
import * as modelsApi from '../../../apps/models-api/src/env';
import * as stt from '../../../apps/stt/src/env';
import * as trainer from '../../../apps/trainer/src/env';
import {
  composeText,
  deploy,
  drawSecrets,
  fillIn,
  readComposition,
  type Composition,
  type Service,
} from './test-support/composition';

type Read = (variables: Record<string, string>) => unknown;

const { version } = JSON.parse(readFileSync(join(deploy, '..', 'package.json'), 'utf8')) as { version: string };

/** Which program reads each container's environment. */
const readers: Record<string, Read> = {
  'models-api': modelsApi.readEnv,
  ingestion: ingestion.readEnv,
  trainer: trainer.readEnv,
  evaluator: evaluator.readEnv,
  billing: billing.readEnv,
  // As bin/stt adds it.
  stt: (variables) => stt.readEnv({ STT_ENGINES: '{"whisper":["/app/engine/bin/engine-whisper"]}', ...variables }),
  'migrate-models-api': modelsApi.readMigrationEnv,
  'migrate-ingestion': ingestion.readMigrationEnv,
  'migrate-trainer': trainer.readMigrationEnv,
  'migrate-evaluator': evaluator.readMigrationEnv,
  'migrate-billing': billing.readMigrationEnv,
  bootstrap: (variables) => [modelsApi.readBootstrapEnv(variables), modelsApi.readRegisterBaseEnv(variables)],
};
/** Of others, or with nothing to read but a folder. */
const unread = ['postgres', 'nats', 's3', 'base'];

let directory: string;
let secrets: Record<string, string>;
let composition: Composition;

beforeAll(async () => {
  directory = await temporaryDirectory('compose');
  secrets = drawSecrets(join(directory, 'env'));
  composition = readComposition(fillIn(secrets));
});
afterAll(() => rm(directory, { recursive: true }));

const own = (): [string, Service][] =>
  Object.entries(composition.services).filter(([, { image }]) => image.startsWith('ghcr.io/attune-asr/'));

describe('compose.yaml', () => {
  it('gives each program an environment that its env.ts accepts', () => {
    const names = Object.keys(composition.services);
    expect(names.sort()).toEqual([...Object.keys(readers), ...unread].sort());
    for (const [name, read] of Object.entries(readers)) read(composition.services[name]?.environment ?? {});
  });

  it('has nothing of an inexact version, and our own images of this one', () => {
    for (const { image } of Object.values(composition.services)) expect(image).toMatch(/:v?\d+\.\d+\.?\d*[\w.-]*$/);
    for (const [, { image }] of own()) expect(image.split(':')[1]).toBe(version);
  });

  it('starts scripts of bin/', () => {
    for (const [, { command = [] }] of own())
      for (const program of command) accessSync(join(deploy, 'images', program.replace('/app/', '')), constants.X_OK);
  });

  it('lets no container of ours write to its root or gain rights', () => {
    for (const [, service] of own()) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      expect(service.security_opt).toContain('no-new-privileges:true');
    }
  });

  it('mounts volumes that it declares and files that are there', () => {
    const sources = Object.values(composition.services).flatMap(({ volumes = [] }) =>
      volumes.map((one) => one.split(':')[0] ?? ''),
    );
    const profiles = own().flatMap(([, { security_opt = [] }]) =>
      security_opt.flatMap((one) => /^seccomp:(.+)/.exec(one)?.[1] ?? []),
    );
    expect(profiles).toHaveLength(2);
    for (const path of [...sources.filter((one) => one.startsWith('.')), ...profiles])
      expect(existsSync(join(deploy, path))).toBe(true);
    const named = sources.filter((one) => !one.startsWith('.'));
    expect([...new Set(named)].sort()).toEqual(Object.keys(composition.volumes).sort());
  });

  it('waits for services that know whether they are healthy', () => {
    for (const { depends_on = {} } of Object.values(composition.services))
      for (const [name, { condition }] of Object.entries(depends_on)) {
        const healthy = condition === 'service_healthy';
        expect(composition.services[name]?.healthcheck !== undefined).toBe(healthy);
      }
  });

  it('holds no secret itself, and stops where one is missing', () => {
    const holes = [...composeText.matchAll(/\$\{(\w+):\?\}/g)].map(([, name]) => name);
    expect(new Set(holes)).toEqual(new Set(Object.keys(secrets)));
    for (const line of composeText.split('\n').filter((one) => /(KEY|SECRET|PASSWORD|TOKEN|PEPPER): /.test(one)))
      expect(line).toMatch(/\$\{\w+:\?\}$/);
  });
});

describe('published.yaml', () => {
  const published = readComposition(readFileSync(join(deploy, 'compose', 'published.yaml'), 'utf8'));
  const guide = readFileSync(join(deploy, '..', 'docs', 'guides', 'operating', 'backup.md'), 'utf8');

  it('publishes what a backup needs, at the ports where services find it, to this host alone, as the guide says', () => {
    const [database, store] = [
      composition.services['billing']?.environment?.['DATABASE_URL'],
      composition.services['billing']?.environment?.['S3_ENDPOINT'],
    ].map((url) => new URL(url ?? ''));
    const ports = Object.fromEntries(
      Object.entries(published.services).map(([name, service]) => [name, service.ports?.map((one) => one.split(':'))]),
    );
    expect(ports).toEqual({
      [database?.hostname ?? '']: [['127.0.0.1', '15432', database?.port]],
      [store?.hostname ?? '']: [['127.0.0.1', '17070', store?.port]],
    });
    expect(guide).toContain('@127.0.0.1:15432/attune');
    expect(guide).toContain('S3_ENDPOINT=http://127.0.0.1:17070');
  });

  it('is needed: nothing but the API is published without it', () => {
    const open = Object.entries(composition.services).filter(([, { ports }]) => ports !== undefined);
    expect(open.map(([name]) => name)).toEqual(['models-api']);
  });

  it('is used by a guide that names every migration, and the volumes by their names', () => {
    const migrations = Object.keys(composition.services).filter((name) => name.startsWith('migrate-'));
    expect(guide).toContain(` up ${migrations.join(' ')}\n`);
    for (const [, volume = ''] of guide.matchAll(/\battune_(\w+)/g)) expect(composition.volumes).toHaveProperty(volume);
  });
});

describe('secrets.sh', () => {
  it('draws once, for the owner alone, and adds what a later release needs', () => {
    const path = join(directory, 'again');
    const first = drawSecrets(path);
    expect(new Set(Object.values(first)).size).toBe(Object.keys(first).length);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^ADMIN_KEY=.*\n/m, ''));
    const second = drawSecrets(path);
    expect({ ...second, ADMIN_KEY: first['ADMIN_KEY'] }).toEqual(first);
    expect(second['ADMIN_KEY']).not.toBe(first['ADMIN_KEY']);
  });
});

it('nats.conf is read by a NATS server, with the password from its environment', async () => {
  const env = { ...process.env, NATS_PASSWORD: secrets['NATS_PASSWORD'] };
  const config = join(deploy, 'compose', 'nats.conf');
  await run(await ensureNats(), ['-t', '--config', config], { env });
  await expect(
    run(await ensureNats(), ['-t', '--config', config], { env: { PATH: process.env['PATH'] } }),
  ).rejects.toThrow('NATS_PASSWORD');
});
