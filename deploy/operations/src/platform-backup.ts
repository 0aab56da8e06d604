import { constants } from 'node:fs';
import { access, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findResources, startResources, type Settings } from '@attune/launcher';
import { parseStoreEnv, storeFromConfig, type ObjectStore } from '@attune/storage';
import { backUp, restore, type Summary } from './backup';

/** Without them keys open nothing and webhooks' secrets cannot be read. Kept with the backup where the launcher made them. */
const SECRET_FILES = ['secrets.json', 'admin-key', 'api-key'];

/** Backs up the platform that the launcher's settings name, while it works. */
export async function backUpPlatform(settings: Settings, directory: string): Promise<Summary> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // First of all: a platform of another place has its secrets there, and a home that is made here would have new ones.
  for (const name of SECRET_FILES) {
    if (await isThere(join(settings.home, name))) await copyFile(join(settings.home, name), join(directory, name));
  }
  const { databaseUrl, storeVariables } = await findResources(settings);
  const store = storeOf(storeVariables);
  await store.prepare();
  return backUp({ databaseUrl, store }, directory);
}

/** Restores into the empty place that the launcher's settings name. An external database has to be migrated already. */
export async function restorePlatform(settings: Settings, directory: string): Promise<Summary> {
  await mkdir(settings.home, { recursive: true });
  for (const name of SECRET_FILES) {
    if (!(await isThere(join(directory, name)))) continue;
    await copyFile(join(directory, name), join(settings.home, name), constants.COPYFILE_EXCL).catch(
      (error: unknown) => {
        throw new Error(`${settings.home} is not empty: it has ${name}`, { cause: error });
      },
    );
  }
  const resources = await startResources(settings);
  try {
    const { databaseUrl, storeVariables } = resources;
    return await restore({ databaseUrl, store: storeOf(storeVariables) }, directory);
  } finally {
    await resources.stop();
  }
}

function storeOf(variables: Record<string, string>): ObjectStore {
  const parsed = parseStoreEnv(variables);
  if ('problems' in parsed)
    throw new Error(parsed.problems.map(({ name, message }) => `${name}: ${message}`).join('\n'));
  return storeFromConfig(parsed.config);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
