import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const REGISTER = join(__dirname, '..', 'ts-register.cjs');

/** The command line that runs a TypeScript file as a process of its own, for tests that kill processes. */
export function tsProgram(path: string, args: readonly string[] = []): { command: string; args: string[] } {
  return { command: process.execPath, args: ['--require', REGISTER, path, ...args] };
}

/** Runs such a program to its end, its output in this process's; answers how it ended. */
export async function runTsProgram(
  path: string,
  env: Record<string, string>,
): Promise<{ status: number | null; signal: NodeJS.Signals | null }> {
  const { command, args } = tsProgram(path);
  const child: ChildProcess = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await once(child, 'exit');
  return { status: child.exitCode, signal: child.signalCode };
}
