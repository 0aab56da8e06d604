import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FilesystemStoreConfig } from '@attune/storage';
import { eventually } from '@attune/testing';
import { SCRIPTED_ENGINE } from './scripted-base';

const program = join(__dirname, '..', '..', 'dist', 'main.js');

/** Pauses short enough for a test; the lease long enough for a machine that is busy with other tests. */
const QUICK = {
  TRAINER_LEASE_MS: '5000',
  TRAINER_CLAIM_WITHIN_MS: '5000',
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
  private child: ChildProcess | null = null;
  readonly logFile: string;
  private readonly script: string;

  constructor(
    private readonly platform: Surroundings,
    script: object,
    private readonly env: Record<string, string>,
  ) {
    const directory = mkdtempSync(join(platform.directory, 'trainer-'));
    this.logFile = join(directory, 'trainer.log');
    this.script = join(directory, 'script.json');
    writeFileSync(this.script, JSON.stringify(script));
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error('the trainer is not running');
    return this.child.pid;
  }

  /** Resolves when it is ready. One that ends before that (its port may be taken for a moment) is started again, as the launcher does. */
  async start(): Promise<void> {
    const { platform } = this;
    this.spawn();
    await eventually(
      async () => {
        if (this.child?.exitCode !== null) this.spawn();
        const answer = await fetch(`http://127.0.0.1:${String(platform.port)}/healthz/ready`);
        if (!answer.ok) throw new Error(`the trainer is not ready: ${await answer.text()}\n${this.log()}`);
      },
      { timeoutMs: 20_000, everyMs: 50 },
    );
  }

  private spawn(): void {
    const { platform } = this;
    const log = openSync(this.logFile, 'a');
    this.child = spawn(process.execPath, [program], {
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env['PATH'],
        PORT: String(platform.port),
        LOG_LEVEL: 'info',
        DATABASE_URL: platform.training.url,
        NATS_URL: platform.nats.url,
        STORE_KIND: 'filesystem',
        STORE_DIRECTORY: platform.storeConfig.directory,
        STORE_SIGNING_SECRET: platform.storeConfig.signingSecret,
        STORE_INTERNAL_URL: platform.storeConfig.publicBaseUrl,
        TRAINER_ENGINES: JSON.stringify({ scripted: [process.execPath, SCRIPTED_ENGINE, '--script', this.script] }),
        TRAINER_WORK_DIRECTORY: join(platform.directory, 'work'),
        TRAINER_CACHE_DIRECTORY: join(platform.directory, 'cache'),
        TRAINER_HOST_NAME: 'test-host',
        ...QUICK,
        ...this.env,
      },
    });
  }

  /** Ends it by a signal; resolves when it is dead. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
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
