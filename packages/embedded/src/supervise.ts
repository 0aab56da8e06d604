import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { reaper } from './reaper';

export interface ChildSettings {
  name: string;
  command: string;
  args?: readonly string[];
  cwd?: string;
  /** The whole environment of the child: nothing is inherited that is not named. */
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  /** Gets everything the child writes; made with its folder where it is missing. */
  logFile: string;
  /** `always`: started again whenever it ends, with growing pauses. `never`: its end is final. */
  restart: 'always' | 'never';
  /** Asks the child to leave; default SIGTERM. */
  stopSignal?: NodeJS.Signals;
  /** Time between asking and SIGKILL in milliseconds; default 10 000. */
  graceMs?: number;
}

/** How a child ended. */
export interface ChildExit {
  status: number | null;
  signal: NodeJS.Signals | null;
}

const DEFAULT_GRACE_MS = 10_000;
const FIRST_PAUSE_MS = 200;
const LAST_PAUSE_MS = 10_000;
/** A child that ran this long was healthy: its next restart is quick again. */
const HEALTHY_MS = 30_000;

/**
 * A child process with its own process group and log, started again when it dies, and never left behind: `stop` ends the
 * whole group, and so does the death of this process, however it comes.
 * Emits `start` (pid) and `exit` (ChildExit).
 */
export class SupervisedChild extends EventEmitter<{ start: [number]; exit: [ChildExit] }> {
  private child: ChildProcess | null = null;
  private stopping = new AbortController();
  private readonly supervision: Promise<void>;
  /** How often it was started again. */
  restarts = 0;
  lastExit: ChildExit | null = null;

  constructor(private readonly settings: ChildSettings) {
    super();
    mkdirSync(dirname(settings.logFile), { recursive: true });
    this.child = this.spawnChild();
    this.supervision = this.supervise();
  }

  get name(): string {
    return this.settings.name;
  }

  /** Null between two starts and after the end. */
  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  /** True until the child has ended for good. */
  get isSupervised(): boolean {
    return !this.stopping.signal.aborted;
  }

  /** Sends a signal to the whole process group. A child that restarts `always` comes back. */
  kill(signal: NodeJS.Signals): void {
    if (this.pid !== null) killGroup(this.pid, signal);
  }

  /** Ends the child for good: asks, waits for `graceMs`, kills. Resolves when the group is gone. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const pid = this.pid;
    if (pid !== null) {
      // A stopped process (SIGSTOP) would not hear anything else.
      killGroup(pid, 'SIGCONT');
      killGroup(pid, this.settings.stopSignal ?? 'SIGTERM');
      const grace = new AbortController();
      await Promise.race([
        this.supervision,
        delay(this.settings.graceMs ?? DEFAULT_GRACE_MS, undefined, { signal: grace.signal }).catch(() => undefined),
      ]);
      grace.abort();
      killGroup(pid, 'SIGKILL');
    }
    await this.supervision;
  }

  /** Resolves when the child has ended for good. */
  async ended(): Promise<ChildExit | null> {
    await this.supervision;
    return this.lastExit;
  }

  private async supervise(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (this.child !== null) {
      const startedAt = performance.now();
      const exit = await exitOf(this.child);
      this.afterExit(exit);
      if (this.settings.restart === 'never') this.stopping.abort();
      if (performance.now() - startedAt > HEALTHY_MS) pauseMs = FIRST_PAUSE_MS;
      await delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
      if (this.stopping.signal.aborted) return;
      this.restarts++;
      this.child = this.spawnChild();
    }
  }

  private afterExit(exit: ChildExit): void {
    const pid = this.child?.pid;
    this.child = null;
    this.lastExit = exit;
    if (pid !== undefined) {
      // What the child left behind in its group must not meet its successor.
      killGroup(pid, 'SIGKILL');
      reaper.remove(pid);
    }
    this.emit('exit', exit);
  }

  private spawnChild(): ChildProcess {
    const { command, args = [], cwd, env = {}, uid, gid, logFile } = this.settings;
    const log = openSync(logFile, 'a');
    try {
      const child = spawn(command, args, { cwd, env, uid, gid, detached: true, stdio: ['ignore', log, log] });
      if (child.pid !== undefined) {
        reaper.add(child.pid);
        this.emit('start', child.pid);
      }
      return child;
    } finally {
      closeSync(log);
    }
  }
}

/** Starts a child and keeps it under supervision. */
export function superviseChild(settings: ChildSettings): SupervisedChild {
  return new SupervisedChild(settings);
}

async function exitOf(child: ChildProcess): Promise<ChildExit> {
  try {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  } catch {
    // It could not be started at all (no such program, no right): as good as ended.
    return { status: 127, signal: null };
  }
  return { status: child.exitCode, signal: child.signalCode };
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
