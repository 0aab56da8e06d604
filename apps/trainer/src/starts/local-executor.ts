import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, messageOf } from '@attune/kernel';
import { endChild, exitKindOf, killGroup, plainEnvironment, spawnChild, type ExitKind } from '@attune/engine-protocol';
import type { Logger } from '@attune/observability';
import { Executor, type Placement, type StartName, type StartOrder, type StartStatus } from './executor';

export interface LocalExecutorSettings {
  host: string;
  /** Runners at once on this host. */
  permits: number;
  /** The runner program and its fixed arguments. */
  runnerCommand: readonly string[];
  /** What a runner may know beside its run: the trainer's address, the engines, where to work. */
  runnerEnvironment: Readonly<Record<string, string>>;
  /** Each start works in a folder of its own below this one, removed when it ends. Emptied at start. */
  workDirectory: string;
  /** Added to this process's niceness: /stt answers meanwhile. */
  nice: number;
  /** A runner that was asked to end and has not done so is killed after this long. */
  stopGraceMs: number;
}

interface Child {
  name: StartName;
  process: ChildProcess;
  workDirectory: string;
  ended: Promise<void>;
  /** The starter asks at every pass; the first time counts. */
  isAskedToEnd: boolean;
}

/**
 * Runners as child processes of this one. They end when it does, and their engines with them; that is why a restarted trainer knows that every
 * start it had is over. A runner's environment holds nothing of the trainer's own.
 */
export class LocalExecutor extends Executor {
  readonly host: string;
  readonly startsLater = false;
  private readonly children = new Map<string, Child>();
  private readonly exits = new Map<string, ExitKind>();
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly settings: LocalExecutorSettings,
    private readonly logger: Logger,
  ) {
    super();
    this.host = settings.host;
    // What an earlier process left: its runners are gone.
    rmSync(settings.workDirectory, { recursive: true, force: true });
    mkdirSync(settings.workDirectory, { recursive: true });
  }

  isReady(): boolean {
    return this.children.size < this.settings.permits;
  }

  isCurrent(): boolean {
    return true;
  }

  freeSlots(): { pool: string; free: number }[] {
    return [{ pool: this.host, free: this.settings.permits - this.children.size }];
  }

  place(): Placement | null {
    return this.isReady() ? { pool: null, priorityClass: null } : null;
  }

  start(order: StartOrder): Promise<void> {
    const key = keyOf(order);
    if (this.children.has(key) || this.exits.has(key)) return Promise.resolve();
    const workDirectory = join(this.settings.workDirectory, key);
    mkdirSync(workDirectory, { recursive: true });
    const process_ = spawnChild({
      command: this.settings.runnerCommand,
      args: [],
      env: {
        ...plainEnvironment(),
        ...this.settings.runnerEnvironment,
        RUN_ID: order.runId,
        RUN_START: String(order.start),
        RUN_TOKEN: order.token,
        RUN_WORK_DIRECTORY: workDirectory,
      },
      nice: this.settings.nice,
      stdin: 'ignore',
      ownGroup: true,
    });
    this.relayLog(process_, order);
    const ended = new Promise<number | null>((resolve) => {
      process_.once('error', (error) => {
        this.logger.error({ run_id: order.runId }, `cannot start a runner: ${messageOf(error)}`);
        if (process_.pid === undefined) resolve(null);
      });
      process_.once('close', resolve);
    }).then((code) => {
      this.onEnd(key, code);
    });
    this.children.set(key, {
      name: { runId: order.runId, start: order.start },
      process: process_,
      workDirectory,
      ended,
      isAskedToEnd: false,
    });
    return Promise.resolve();
  }

  observe(name: StartName): Promise<StartStatus> {
    const key = keyOf(name);
    const exit = this.exits.get(key);
    if (this.children.has(key)) return Promise.resolve({ kind: 'running', ending: null });
    return Promise.resolve(exit === undefined ? { kind: 'unknown' } : { kind: 'ended', end: { kind: 'exit', exit } });
  }

  list(): Promise<StartName[]> {
    return Promise.resolve([...this.children.values()].map(({ name }) => name));
  }

  stop(name: StartName): Promise<void> {
    const child = this.children.get(keyOf(name));
    if (child && !child.isAskedToEnd) {
      child.isAskedToEnd = true;
      endChild(child.process, this.settings.stopGraceMs);
    }
    return Promise.resolve();
  }

  kill(name: StartName): Promise<void> {
    const child = this.children.get(keyOf(name));
    if (child) killGroup(child.process);
    return Promise.resolve();
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  async shutdown(withinMs: number): Promise<void> {
    const children = [...this.children.values()];
    for (const child of children) endChild(child.process, withinMs);
    await Promise.all(children.map(({ ended }) => ended));
  }

  private onEnd(key: string, code: number | null): void {
    const child = this.children.get(key);
    this.children.delete(key);
    this.exits.set(key, exitKindOf(code));
    // Engines end with their runner, but some finish a step first: nobody would take their checkpoint any more.
    if (child) killGroup(child.process);
    if (child) void this.clean(child.workDirectory);
    for (const listener of this.listeners) listener();
  }

  /** The engine may still be writing its last checkpoint into the folder: it gets a moment to end. */
  private async clean(directory: string): Promise<void> {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      try {
        await rm(directory, { recursive: true, force: true });
        return;
      } catch {
        await delay(1000);
      }
    }
    this.logger.warn(`cannot remove ${directory}`);
  }

  /** A runner logs JSON lines of its own; they go to this process's log as they are. */
  private relayLog(child: ChildProcess, order: StartOrder): void {
    child.stdout?.on('data', (chunk: Buffer) => process.stdout.write(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      this.logger.warn({ run_id: order.runId, start: order.start }, chunk.toString('utf8').trimEnd());
    });
  }
}

function keyOf({ runId, start }: StartName): string {
  return `${runId}-${String(start)}`;
}
