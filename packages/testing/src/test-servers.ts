import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isAlive,
  startNats,
  startPostgres,
  type EmbeddedNats,
  type EmbeddedPostgres,
  type NatsSettings,
} from '@attune/embedded';
import { eventually } from './eventually';

/** A server that a test may kill, freeze and start again, always at the same address. */
abstract class TestServer<T extends EmbeddedNats | EmbeddedPostgres> {
  protected constructor(
    protected server: T,
    protected readonly directory: string,
  ) {}

  get url(): string {
    return this.server.url;
  }

  get pid(): number | null {
    return this.server.child.pid;
  }

  /** An orderly end; `start` brings it back. */
  stop(): Promise<void> {
    return this.server.stop();
  }

  /** SIGKILL; resolves when it is dead. */
  async crash(): Promise<void> {
    this.server.kill('SIGKILL');
    await this.server.child.ended();
  }

  /** SIGSTOP: connections stay open and nobody answers. */
  freeze(): void {
    this.server.kill('SIGSTOP');
  }

  thaw(): void {
    this.server.kill('SIGCONT');
  }

  abstract start(): Promise<void>;

  /** Ends it for good and removes its files. */
  async remove(): Promise<void> {
    await this.server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export class TestNats extends TestServer<EmbeddedNats> {
  static async create(settings: Pick<NatsSettings, 'durable'> = {}): Promise<TestNats> {
    const directory = await temporaryDirectory('nats');
    return new TestNats(await startNats({ directory, restart: 'never', ...settings }), directory);
  }

  /** Where its streams lie. */
  get storeDirectory(): string {
    return this.server.storeDirectory;
  }

  /** Its monitoring, which says how it stores. */
  get monitorUrl(): string {
    return this.server.monitorUrl;
  }

  async start(): Promise<void> {
    const { port, monitorPort } = this.server;
    this.server = await startNats({ directory: this.directory, restart: 'never', port, monitorPort });
  }

  /** Deletes everything the broker remembers; only while it is stopped. */
  async wipeStore(): Promise<void> {
    await rm(this.server.storeDirectory, { recursive: true, force: true });
  }
}

export class TestPostgres extends TestServer<EmbeddedPostgres> {
  static async create(): Promise<TestPostgres> {
    const directory = await temporaryDirectory('postgres');
    return new TestPostgres(await startPostgres({ directory, restart: 'never', durable: false }), directory);
  }

  /** The backends too: one that is about to answer would do so although its postmaster is dead. */
  override async crash(): Promise<void> {
    const backends = await childrenOf(this.pid);
    await super.crash();
    for (const pid of backends) killIfThere(pid);
    await eventually(() => {
      if (backends.some(isAlive)) throw new Error('a backend is still there');
    });
  }

  async start(): Promise<void> {
    const { port } = this.server;
    this.server = await startPostgres({ directory: this.directory, restart: 'never', durable: false, port });
  }
}

async function childrenOf(pid: number | null): Promise<number[]> {
  if (pid === null) return [];
  const children = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
  return children.trim().split(/\s+/).filter(Boolean).map(Number);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A NATS server of one test file: about 60 ms and 15 MB. `remove` it in afterAll. */
export function startTestNats(settings: Pick<NatsSettings, 'durable'> = {}): Promise<TestNats> {
  return TestNats.create(settings);
}

/** A PostgreSQL cluster of its own, for tests that kill it; all others share the run's (`createTestDatabase`). */
export function startTestPostgres(): Promise<TestPostgres> {
  return TestPostgres.create();
}

/** Removed by whoever asked for it. Everybody may pass through, since PostgreSQL does not run as root. */
export async function temporaryDirectory(name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `attune-test-${name}-`));
  await chmod(directory, 0o711);
  return directory;
}
