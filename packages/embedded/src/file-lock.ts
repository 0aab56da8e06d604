import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 100;

/**
 * Runs `fn` while no other process of this machine holds the lock file at `path`; a lock whose holder has died is taken over.
 */
export async function withFileLock<T>(path: string, fn: () => Promise<T>): Promise<T> {
  while (!(await take(path))) await delay(RETRY_MS);
  try {
    return await fn();
  } finally {
    await rm(path, { force: true });
  }
}

/** The file appears with its holder's id in it, in one step: a death in between leaves no lock without a holder. */
async function take(path: string): Promise<boolean> {
  const ours = `${path}.${randomUUID()}`;
  await writeFile(ours, String(process.pid));
  try {
    await link(ours, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = Number(await readFile(path, 'utf8').catch(() => String(process.pid)));
    if (!isAlive(holder)) await rm(path, { force: true });
    return false;
  } finally {
    await rm(ours, { force: true });
  }
}

/** Whether a process with this id runs; one of another user counts, one that is dead and only waits to be collected does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    // The state follows the program's name, which stands in parentheses and may hold anything.
    return /\) Z /.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
