import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '@attune/kernel';
import type { FilesystemStoreConfig } from '@attune/storage';
import { checkBuilt, eventually, ServiceProcess } from '@attune/testing';
import { SCRIPTED_ENGINE } from './scripted-base';

const app = join(__dirname, '..', '..');

/** Pauses short enough for a test; what a runner is waited for long enough for a machine that is busy with other tests. */
const QUICK = {
  TRAINER_LEASE_MS: '15000',
  TRAINER_CLAIM_WITHIN_MS: '30000',
  TRAINER_RECONCILE_MS: '250',
  TRAINER_EVALUATION_REMINDER_MS: '500',
  TRAINER_STOP_GRACE_MS: '500',
  TRAINER_SHUTDOWN_MS: '3000',
  TRAINER_THREADS: '1',
};

/** Where a trainer finds everything it needs. */
export interface Surroundings {
  directory: string;
  port: number;
  training: { url: string };
  nats: { url: string };
  storeConfig: FilesystemStoreConfig;
}

/** The trainer's built program, as the launcher runs it. */
export class TrainerProcess {
  private service: ServiceProcess | null = null;
  readonly logFile: string;
  private readonly script: string;

  constructor(
    private readonly platform: Surroundings,
    script: object,
    private readonly env: Record<string, string>,
  ) {
    checkBuilt(app);
    const directory = mkdtempSync(join(platform.directory, 'trainer-'));
    this.logFile = join(directory, 'trainer.log');
    this.script = join(directory, 'script.json');
    this.tell(script);
  }

  /** What engines do that start from now on. */
  tell(script: object): void {
    writeFileSync(`${this.script}.new`, JSON.stringify(script));
    renameSync(`${this.script}.new`, this.script);
  }

  /** How often an engine has met a fault of the script. */
  faultsMet(): number {
    return readdirSync(dirname(this.script)).filter((name) => /\.json\.\d+\.\d+$/.test(name)).length;
  }

  get pid(): number {
    if (!this.service) throw new Error('the trainer was not started');
    return this.service.pid;
  }

  /** Resolves when it is ready. One that ends before that (its port may be taken for a moment) is started again, as the launcher does. */
  async start(): Promise<void> {
    let service = (this.service = this.spawn());
    await eventually(
      async () => {
        if (!service.isRunning) service = this.service = this.spawn();
        await service.checkReady().catch((error: unknown) => {
          throw new Error(`${messageOf(error)}\n${this.log()}`);
        });
      },
      { timeoutMs: 60_000, everyMs: 50 },
    );
  }

  private spawn(): ServiceProcess {
    const { port, training, nats, storeConfig, directory } = this.platform;
    const log = openSync(this.logFile, 'a');
    const service = ServiceProcess.spawn(
      join(app, 'dist', 'main.js'),
      { databaseUrl: training.url, natsUrl: nats.url, store: storeConfig },
      {
        LOG_LEVEL: 'info',
        TRAINER_ENGINES: JSON.stringify({ scripted: [process.execPath, SCRIPTED_ENGINE, '--script', this.script] }),
        TRAINER_WORK_DIRECTORY: join(directory, 'work'),
        TRAINER_CACHE_DIRECTORY: join(directory, 'cache'),
        TRAINER_HOST_NAME: 'test-host',
        ...QUICK,
        ...this.env,
      },
      { port, log },
    );
    closeSync(log);
    return service;
  }

  /** Ends it by a signal; resolves when it is dead. */
  async end(signal: NodeJS.Signals): Promise<void> {
    await this.service?.end(signal);
  }

  /** Process ids of its runners, and of their engines. */
  runners(): number[] {
    return childrenOf(this.pid);
  }

  engines(): number[] {
    return this.runners().flatMap(childrenOf);
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }
}

/** By /proc, since nobody tells a test. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => parentOf(pid) === parent)
    .map(Number);
}

function parentOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? null : Number(ppid);
  } catch {
    return null;
  }
}
