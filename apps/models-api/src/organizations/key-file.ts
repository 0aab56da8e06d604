import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The key in the file; null when there is no file. */
export async function readKeyFile(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Writes the key for its owner's eyes alone; whoever reads the path finds a whole key or none. */
export async function writeKeyFile(path: string, key: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${String(process.pid)}.partial`;
  const file = await open(partial, 'w', 0o600);
  try {
    // The mode given at opening does not apply to a file that was already there.
    await chmod(partial, 0o600);
    await file.writeFile(`${key}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
}
