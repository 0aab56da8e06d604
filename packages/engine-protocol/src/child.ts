import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { setPriority } from 'node:os';
import { delimiter, join } from 'node:path';
import { plainEnvironment } from './env';

/** SIGTERM asks; after this many milliseconds SIGKILL no longer does. The protocol gives an engine 30 s to write its checkpoint. */
export const TERM_GRACE_MS = 30_000;

export interface ChildOptions {
  /** Program and its fixed arguments. */
  command: readonly string[];
  args: readonly string[];
  /** The whole environment of the child; left out, it gets PATH, HOME, LANG and the like, and nothing else of ours. */
  env?: NodeJS.ProcessEnv | undefined;
  cwd?: string | undefined;
  /** Added to this process's niceness, 0 to 19. */
  nice?: number | undefined;
  stdin: 'pipe' | 'ignore';
  /** A process group of its own, which its children join: killGroup ends all of them. */
  ownGroup?: boolean | undefined;
}

/**
 * Starts a program that ends when this process does: the kernel sends it SIGKILL (util-linux's `setpriv`, where there is one),
 * and an engine that wants a gentler end sets its own signal afterwards. `ATTUNE_ENGINE_PARENT` closes the gap before that: see isOrphan.
 */
export function spawnChild(options: ChildOptions): ChildProcess {
  const [program, ...fixed] = [...deathWrapper(), ...options.command, ...options.args];
  if (program === undefined || options.command.length === 0) throw new Error('the engine has no command');
  const env = { ...(options.env ?? plainEnvironment()), ATTUNE_ENGINE_PARENT: String(process.pid) };
  const child = spawn(program, fixed, {
    env,
    cwd: options.cwd,
    stdio: [options.stdin, 'pipe', 'pipe'],
    detached: options.ownGroup === true,
  });
  if (child.pid !== undefined && options.nice !== undefined) lower(child.pid, options.nice);
  return child;
}

/** Sends SIGTERM, and SIGKILL when the child has not ended `graceMs` later. Safe to call twice. */
export function endChild(child: ChildProcess, graceMs = TERM_GRACE_MS): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  child.once('exit', () => clearTimeout(timer));
}

/** SIGKILL to a child that was started with `ownGroup`, and to all that it has started, also when it has ended itself. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}

let setpriv: string | null | undefined;

function deathWrapper(): string[] {
  setpriv ??= process.platform === 'linux' ? findOnPath('setpriv') : null;
  return setpriv === null ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
}

function findOnPath(program: string): string | null {
  const places = (plainEnvironment()['PATH'] ?? '/usr/bin:/bin')
    .split(delimiter)
    .map((directory) => join(directory, program));
  return places.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function lower(pid: number, nice: number): void {
  try {
    setPriority(pid, nice);
  } catch {
    // It has ended already, or the system forbids it: priority is a courtesy, not a condition.
  }
}
