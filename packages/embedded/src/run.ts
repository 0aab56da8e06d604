import { spawn, type SpawnOptions } from 'node:child_process';

/** A program that ended with another status than 0; the message has the end of what it said. */
export class ProgramFailed extends Error {
  constructor(
    command: string,
    readonly status: number | null,
    readonly output: string,
  ) {
    super(`${command} failed (${status === null ? 'killed' : `status ${String(status)}`}): ${lastLines(output)}`);
    this.name = 'ProgramFailed';
  }
}

/** Runs a program to its end and answers what it wrote to stdout. Throws ProgramFailed, or the system's error when it cannot be started. */
export function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      all += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (all += chunk));
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve(stdout);
      else reject(new ProgramFailed(command, status, all));
    });
  });
}

/** Whether the program can be started and ends with 0. */
export async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

function lastLines(output: string): string {
  return output.trim().split('\n').slice(-5).join(' | ');
}
