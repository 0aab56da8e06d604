import { join } from 'node:path';
import {
  freePort,
  run,
  serviceArguments,
  startNats,
  startPostgres,
  urlOfRunning,
  superviseChild,
  type SupervisedChild,
} from '@attune/embedded';
import { delay, messageOf } from '@attune/kernel';
import type { Settings } from './env';
import { lockHome, openHome, type Home } from './home';
import { builtInEngine, engineOf, prepareBase } from './prepare';
import {
  bootstrapEnvironment,
  healthUrl,
  metricsUrl,
  migrationEnvironment,
  program,
  schemas,
  serviceEnvironment,
  storeEnvironment,
  type Surroundings,
} from './services';
import { ensureDatabase } from './database';
import { serviceNames, type ServiceName } from './service-names';
import { step, type StepListener } from './steps';

/** A running platform: everything on one host, every part its own process with its own log. */
export interface Platform {
  /** The one public origin. */
  url: string;
  /** Holds the key of the local organization. */
  keyFile: string;
  /** Holds the key of the operators' API. */
  adminKeyFile: string;
  /** As the database's owner. */
  databaseUrl: string;
  /** Where each service's metrics answer. */
  metricsUrls: ReadonlyMap<string, string>;
  /** Every process by name, for those who pull cables. */
  children: ReadonlyMap<string, SupervisedChild>;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 90_000;
const root = join(__dirname, '..', '..', '..');

/**
 * Starts everything that the settings do not name as external, and resolves when the platform is truly ready: every
 * service answers, the base is in the catalogue, and the local organization may train. Stops what it started on failure.
 */
export async function startPlatform(settings: Settings, onStep: StepListener = () => undefined): Promise<Platform> {
  const home = openHome(settings.home);
  const unlock = lockHome(settings.home);
  const started = new Started(unlock);
  try {
    return await bringUp(settings, home, started, onStep);
  } catch (error) {
    await started.stop();
    throw error;
  }
}

async function bringUp(settings: Settings, home: Home, started: Started, onStep: StepListener): Promise<Platform> {
  const [base, databaseUrl, nats] = await Promise.all([
    step('base model', onStep, () => prepareBase(root, settings)),
    step('PostgreSQL', onStep, () => startDatabase(settings, home, started)),
    step('NATS', onStep, () => startBroker(settings, home, started)),
  ]);
  const surroundings: Surroundings = {
    root,
    settings,
    home,
    databaseUrl,
    natsUrl: nats.url,
    natsMonitorUrl: nats.monitorUrl,
    engine: { name: engineOf(base), command: settings.engine ?? [builtInEngine(root)] },
    ports: await choosePorts(settings),
  };
  await step('migrations', onStep, () => migrateAll(surroundings));
  await step('services', onStep, () => startServices(surroundings, started));
  await step('organization, key and base model', onStep, async () => {
    await Promise.all([
      runProgram(surroundings, 'register-base', [base, '--keys', 'general,medical,legal,technical']),
      runProgram(surroundings, 'bootstrap', []),
    ]);
  });
  return {
    url: `http://${settings.host}:${String(settings.port)}`,
    keyFile: home.keyFile,
    adminKeyFile: home.adminKeyFile,
    databaseUrl,
    metricsUrls: new Map(
      serviceNames.flatMap((name) => {
        const address = metricsUrl(name, surroundings);
        return address === undefined ? [] : [[name, address] as const];
      }),
    ),
    children: started.children,
    stop: () => started.stop(),
  };
}

/** Where a platform of this host keeps its record and bytes, without anything of it running but what that takes. */
export interface ResourcesAlone {
  /** As the database's owner. */
  databaseUrl: string;
  /** The variables of the object store, as every service has them. */
  storeVariables: Record<string, string>;
  stop(): Promise<void>;
}

/** The record and the store of a platform that runs, or of one on servers of the operator's. Throws where neither can be found. */
export async function findResources(settings: Settings): Promise<Omit<ResourcesAlone, 'stop'>> {
  const home = openHome(settings.home);
  const databaseUrl =
    settings.databaseUrl ?? (await urlOfRunning({ directory: home.postgres })).replace(/[^/]*$/, 'attune');
  return { databaseUrl, storeVariables: storeEnvironment({ home, settings }, 'http://127.0.0.1') };
}

/** Starts PostgreSQL alone, where the operator has none, with every schema up to date, for work while nobody else does any. */
export async function startResources(settings: Settings): Promise<ResourcesAlone> {
  const home = openHome(settings.home);
  const started = new Started(lockHome(settings.home));
  try {
    const databaseUrl = await startDatabase(settings, home, started);
    if (settings.databaseUrl === undefined) await migrateAll({ root, settings, home, databaseUrl });
    const storeVariables = storeEnvironment({ home, settings }, 'http://127.0.0.1');
    return { databaseUrl, storeVariables, stop: () => started.stop() };
  } catch (error) {
    await started.stop();
    throw error;
  }
}

/** What was started, to be stopped in the opposite order. */
class Started {
  readonly children = new Map<string, SupervisedChild>();
  private stopping: Promise<void> | undefined;

  constructor(private readonly unlock: () => void) {}

  add(name: string, child: SupervisedChild): void {
    this.children.set(name, child);
  }

  /** Services leave together, then the broker and the database that they need to leave cleanly. */
  stop(): Promise<void> {
    return (this.stopping ??= this.stopAll());
  }

  private async stopAll(): Promise<void> {
    const foundation = ['nats', 'postgres'];
    const services = [...this.children].filter(([name]) => !foundation.includes(name));
    await Promise.all(services.map(([, child]) => child.stop()));
    for (const name of foundation) await this.children.get(name)?.stop();
    this.unlock();
  }
}

async function startDatabase(settings: Settings, home: Home, started: Started): Promise<string> {
  if (settings.databaseUrl !== undefined) return settings.databaseUrl;
  const postgres = await startPostgres({ directory: home.postgres });
  started.add('postgres', postgres.child);
  await ensureDatabase(postgres.url, 'attune');
  return postgres.urlOf('attune');
}

async function startBroker(
  settings: Settings,
  home: Home,
  started: Started,
): Promise<{ url: string; monitorUrl: string | undefined }> {
  if (settings.natsUrl !== undefined) return { url: settings.natsUrl, monitorUrl: undefined };
  const nats = await startNats({ directory: home.nats });
  started.add('nats', nats.child);
  return nats;
}

async function choosePorts(settings: Settings): Promise<Surroundings['ports']> {
  const chosen: [ServiceName, number][] = [];
  for (const name of serviceNames) chosen.push([name, name === 'models-api' ? settings.port : await freePort()]);
  return Object.fromEntries(chosen) as Surroundings['ports'];
}

async function migrateAll(
  surroundings: Pick<Surroundings, 'root' | 'settings' | 'home' | 'databaseUrl'>,
): Promise<void> {
  // Side by side: the commands themselves take turns where they must, by a lock of the database.
  const owners = serviceNames.filter((name) => schemas[name] !== undefined);
  await Promise.all(
    owners.map((name) =>
      run(process.execPath, [program(surroundings.root, name, 'migrate.js')], {
        env: migrationEnvironment(name, surroundings),
      }),
    ),
  );
}

async function startServices(surroundings: Surroundings, started: Started): Promise<void> {
  const { home } = surroundings;
  for (const name of serviceNames) {
    const child = superviseChild({
      name,
      command: process.execPath,
      args: serviceArguments(program(surroundings.root, name, 'main.js')),
      cwd: home.directory,
      env: serviceEnvironment(name, surroundings),
      logFile: join(home.logs, `${name}.log`),
      restart: 'always',
      graceMs: 35_000,
    });
    started.add(name, child);
  }
  await Promise.all(serviceNames.map((name) => untilReady(name, surroundings)));
}

async function untilReady(name: ServiceName, surroundings: Surroundings): Promise<void> {
  const url = healthUrl(name, surroundings);
  const deadline = performance.now() + READY_TIMEOUT_MS;
  let last = 'it does not answer';
  while (performance.now() < deadline) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(3000) });
      if (answer.ok) return;
      last = await answer.text();
    } catch (error) {
      last = messageOf(error);
    }
    await delay(100);
  }
  throw new Error(`${name} is not ready (${last}); see ${join(surroundings.home.logs, `${name}.log`)}`);
}

/** Runs one of models-api's commands to its end. */
async function runProgram(
  surroundings: Surroundings,
  command: 'bootstrap' | 'register-base',
  args: string[],
): Promise<void> {
  await run(process.execPath, [program(surroundings.root, 'models-api', `${command}.js`), ...args], {
    env: bootstrapEnvironment(surroundings),
  });
}
