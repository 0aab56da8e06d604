import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { passwordIn } from './credentials';
import { freePort } from './free-port';
import { ensureNats } from './nats-binary';
import { superviseChild, type SupervisedChild } from './supervise';

export interface NatsSettings {
  /** Holds `store`, `password`, `nats.conf` and `nats.log`; made where it is missing, used again where it is not. */
  directory: string;
  /** Default: any free one. */
  port?: number;
  /** Of its monitoring; default: any free one. */
  monitorPort?: number;
  /** Default `always`. */
  restart?: 'always' | 'never';
  /** Default true: a message is on the disk before its publisher is told so. False only for tests of those who must notice. */
  durable?: boolean;
  /** Default 4 GiB: what all streams together may take on disk. */
  maxStoreBytes?: number;
}

export interface EmbeddedNats {
  /** `nats://attune:<password>@127.0.0.1:<port>` */
  url: string;
  port: number;
  monitorPort: number;
  /** Its monitoring (`/jsz`, `/healthz`), without a password, on the loopback interface. */
  monitorUrl: string;
  /** Where JetStream keeps its files; it may be deleted while the server is stopped. */
  storeDirectory: string;
  child: SupervisedChild;
  stop: () => Promise<void>;
  kill: (signal: NodeJS.Signals) => void;
}

const USER = 'attune';
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 25;
const GIB = 1024 ** 3;

/** Starts a NATS server with JetStream on the loopback interface. Rejects when it is not ready within 30 s. */
export async function startNats(settings: NatsSettings): Promise<EmbeddedNats> {
  const binary = await ensureNats();
  const { directory } = settings;
  await mkdir(directory, { recursive: true });
  const password = await passwordIn(join(directory, 'password'));
  const port = settings.port ?? (await freePort());
  const monitorPort = settings.monitorPort ?? (await freePort());
  const storeDirectory = join(directory, 'store');
  const config = join(directory, 'nats.conf');
  await writeFile(config, configuration({ ...settings, port, monitorPort, password, storeDirectory }), { mode: 0o600 });
  const logFile = join(directory, 'nats.log');
  const child = superviseChild({
    name: 'nats',
    command: binary,
    args: ['--config', config],
    env: { PATH: process.env.PATH, HOME: directory },
    logFile,
    restart: settings.restart ?? 'always',
  });
  await untilReady(child, port, logFile);
  return {
    url: `nats://${USER}:${password}@127.0.0.1:${String(port)}`,
    port,
    monitorPort,
    monitorUrl: `http://127.0.0.1:${String(monitorPort)}`,
    storeDirectory,
    child,
    stop: () => child.stop(),
    kill: (signal) => child.kill(signal),
  };
}

/** By default the server tells a publisher "stored" up to two minutes before it is on the disk: hence `sync_interval: always`. */
function configuration({
  port,
  monitorPort,
  password,
  storeDirectory,
  durable = true,
  maxStoreBytes = 4 * GIB,
}: {
  port: number;
  monitorPort: number;
  password: string;
  storeDirectory: string;
  durable?: boolean;
  maxStoreBytes?: number;
}): string {
  return `server_name: attune
listen: "127.0.0.1:${String(port)}"
http: "127.0.0.1:${String(monitorPort)}"
max_payload: 1MB
max_connections: 512
authorization { user: "${USER}", password: ${JSON.stringify(password)} }
jetstream {
  store_dir: ${JSON.stringify(storeDirectory)}
  max_memory_store: 64MB
  max_file_store: ${String(maxStoreBytes)}
  ${durable ? 'sync_interval: always' : '# sync_interval as NATS has it by default'}
}
`;
}

async function untilReady(child: SupervisedChild, port: number, logFile: string): Promise<void> {
  const started = performance.now();
  while (performance.now() - started < START_TIMEOUT_MS) {
    if (await greets(port)) return;
    if (!child.isSupervised) throw new Error(`NATS did not start; see ${logFile}`);
    await delay(POLL_MS);
  }
  await child.stop();
  throw new Error(`NATS was not ready within 30 s; see ${logFile}`);
}

/** A NATS server greets every connection with its INFO, which says whether JetStream runs. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1_000, () => answer(false));
    // Also where it ends without a word: somebody else's, or one that is about to end.
    socket.once('error', () => answer(false)).once('close', () => answer(false));
    socket.once('data', (data) => answer(/^INFO .*"jetstream":\s*true/.test(data.toString('utf8'))));
  });
}
