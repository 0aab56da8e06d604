import { resolve } from 'node:path';
import { processEnvironment, readSettings } from '@attune/launcher';
import { backUpPlatform, restorePlatform } from './platform-backup';

/** `npm run backup -- DIRECTORY` beside a platform that works; `npm run restore -- DIRECTORY` into an empty place. */
async function main([command, directory]: string[]): Promise<void> {
  if ((command !== 'backup' && command !== 'restore') || directory === undefined)
    throw new Error('use: npm run backup -- DIRECTORY, or npm run restore -- DIRECTORY');
  const work = command === 'backup' ? backUpPlatform : restorePlatform;
  const { takenAt, tables, objects, bytes } = await work(readSettings(processEnvironment()), resolve(directory));
  const size = `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  console.log(`${command} of ${takenAt}: ${String(tables)} tables, ${String(objects)} objects (${size})`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
