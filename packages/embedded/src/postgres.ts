import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { passwordIn } from './credentials';
import { isAlive } from './file-lock';
import { freePort } from './free-port';
import { canEnter, postgresBinaries, postgresUser, type RunAs } from './postgres-binaries';
import { run } from './run';
import { superviseChild, type SupervisedChild } from './supervise';

export interface PostgresSettings {
  /** Holds `data`, `password` and `postgres.log`; made where it is missing, used again where it is not. */
  directory: string;
  /** Default: any free one. */
  port?: number;
  /** Default `always`: a server that dies is started again and recovers by itself. */
  restart?: 'always' | 'never';
  /** False saves time where the data need not survive a power cut: in tests. Default true. */
  durable?: boolean;
  /** Further settings of postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** `postgres://postgres:<password>@127.0.0.1:<port>/postgres`: the owner of everything. */
  url: string;
  port: number;
  child: SupervisedChild;
  /** The same server, another database. */
  urlOf: (database: string) => string;
  /** Fast shutdown: running transactions are rolled back. */
  stop: () => Promise<void>;
  /** Signals the postmaster; after SIGKILL the data is recovered on the next start. */
  kill: (signal: NodeJS.Signals) => void;
}

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 20;
/** postmaster.pid, line 8 (counted from 1): what pg_ctl looks at, too. */
const STATUS_LINE = 7;
const PORT_LINE = 3;
/** Where root's data lies when `nobody` cannot enter the folder that was asked for. */
const SYSTEM_STATE = '/var/lib/attune';

/**
 * Starts PostgreSQL from the npm package on the loopback interface, with password logins (SCRAM) only; creates the
 * cluster on first use. Rejects when it is not ready within a minute, with the path of its log.
 */
export async function startPostgres(settings: PostgresSettings): Promise<EmbeddedPostgres> {
  const bin = join(await postgresBinaries(), 'bin');
  const user = postgresUser();
  await mkdir(settings.directory, { recursive: true });
  const home = await reachableHome(settings.directory, user);
  const password = await passwordIn(join(home, 'password'));
  const data = join(home, 'data');
  if (!(await exists(data))) await createCluster(bin, home, password, user, settings.durable ?? true);
  await removeStalePidFile(data);
  const port = settings.port ?? (await freePort());
  const child = superviseChild({
    name: 'postgres',
    command: join(bin, 'postgres'),
    args: ['-D', data, ...serverSettings(port, settings)],
    cwd: '/',
    env: environment(home),
    ...user,
    logFile: join(settings.directory, 'postgres.log'),
    restart: settings.restart ?? 'always',
    stopSignal: 'SIGINT',
  });
  await untilReady(child, data, join(settings.directory, 'postgres.log'));
  const urlOf = (database: string): string => `postgres://postgres:${password}@127.0.0.1:${String(port)}/${database}`;
  return {
    url: urlOf('postgres'),
    port,
    child,
    urlOf,
    stop: () => child.stop(),
    kill: (signal) => child.kill(signal),
  };
}

/** The owner's address of a server that runs on this folder, whoever started it. Throws when there is none. */
export async function urlOfRunning({ directory }: Pick<PostgresSettings, 'directory'>): Promise<string> {
  const link = join(directory, 'home');
  const home = (await exists(link)) ? await readlink(link) : directory;
  const lines = (await readFile(join(home, 'data', 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[PORT_LINE])];
  if (!isAlive(pid) || port <= 0) throw new Error(`no PostgreSQL runs on ${directory}: start the platform first`);
  const password = await passwordIn(join(home, 'password'));
  return `postgres://postgres:${password}@127.0.0.1:${String(port)}/postgres`;
}

function serverSettings(port: number, { durable = true, settings = {} }: PostgresSettings): string[] {
  const all: Record<string, string> = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '64MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Parameters may hold what customers said; a failing statement is logged without them.
    log_parameter_max_length_on_error: '0',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function environment(home: string): NodeJS.ProcessEnv {
  return { HOME: home, PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC' };
}

/** initdb works in a folder of its own that is renamed when it is complete: a start that was killed half-way leaves no half cluster. */
async function createCluster(
  bin: string,
  home: string,
  password: string,
  user: RunAs,
  durable: boolean,
): Promise<void> {
  const work = join(home, 'data.new');
  const passwordFile = join(home, 'password.new');
  await rm(work, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  await mkdir(work, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    await chown(work, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  const options = [
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
  ];
  await run(join(bin, 'initdb'), ['-D', work, ...options, ...(durable ? [] : ['--no-sync'])], {
    ...user,
    cwd: '/',
    env: environment(home),
  });
  await rm(passwordFile);
  await rename(work, join(home, 'data'));
}

/**
 * The folder itself, or, where the user that PostgreSQL runs as cannot enter it (below /root), one in /var/lib that the folder
 * then links to: a folder that is deleted takes its link with it, so nobody meets another installation's data.
 */
async function reachableHome(directory: string, user: RunAs): Promise<string> {
  if (user.uid === undefined) return directory;
  if (await canEnter(directory, user)) return directory;
  const link = join(directory, 'home');
  if (!(await exists(link))) {
    await mkdir(SYSTEM_STATE, { recursive: true, mode: 0o755 });
    await symlink(await mkdtemp(join(SYSTEM_STATE, 'postgres-')), link);
  }
  const target = await readlink(link);
  await chmod(target, 0o711);
  return target;
}

/** After a crash the file may name a process id that somebody else has by now, which PostgreSQL would take for its twin. */
async function removeStalePidFile(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  if (isAlive(pid) && (await commandOf(pid)).includes(data)) {
    throw new Error(`PostgreSQL already runs on ${data} (process ${String(pid)})`);
  }
  await rm(file, { force: true });
}

async function commandOf(pid: number): Promise<string> {
  return readFile(`/proc/${String(pid)}/cmdline`, 'utf8').catch(() => '');
}

async function untilReady(child: SupervisedChild, data: string, logFile: string): Promise<void> {
  const started = performance.now();
  while (performance.now() - started < START_TIMEOUT_MS) {
    const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    if (Number(lines[0]) === child.pid && lines[STATUS_LINE]?.trim() === 'ready') return;
    if (!child.isSupervised) throw new Error(`PostgreSQL did not start; see ${logFile}`);
    await delay(POLL_MS);
  }
  await child.stop();
  throw new Error(`PostgreSQL was not ready within a minute; see ${logFile}`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
