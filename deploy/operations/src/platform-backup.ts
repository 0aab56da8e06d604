import { access, copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findResources, startResources, type Settings } from '@attune/launcher';
import { parseStoreEnv, storeFromConfig, type ObjectStore } from '@attune/storage';
import { backUp, restore, type Summary } from './backup';

/** Without them keys open nothing and webhooks' secrets cannot be read. Kept with the backup where the launcher made them. */
const SECRET_FILES = ['secrets.json', 'admin-key', 'api-key'];

/** Backs up the platform that the launcher's settings name, while it works. */
export async function backUpPlatform(settings: Settings, directory: string): Promise<Summary> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const name of SECRET_FILES) {
    if (await isThere(join(settings.home, name))) await copyFile(join(settings.home, name), join(directory, name));
  }
  return withoutNewSecrets(settings.home, async () => {
    const { databaseUrl, storeVariables } = await findResources(settings);
    const store = storeOf(storeVariables);
    await store.prepare();
    return backUp({ databaseUrl, store }, directory);
  });
}

/** Restores into the empty place that the launcher's settings name. An external database has to be migrated already. */
export async function restorePlatform(settings: Settings, directory: string): Promise<Summary> {
  await mkdir(settings.home, { recursive: true });
  for (const name of SECRET_FILES) {
    const [kept, there] = [join(directory, name), join(settings.home, name)];
    if (!(await isThere(kept))) continue;
    // The same already: a restore that broke off is begun again.
    if ((await isThere(there)) && !(await readFile(kept)).equals(await readFile(there)))
      throw new Error(`${settings.home} is not empty: it has ${name}`);
    await copyFile(kept, there);
  }
  return withoutNewSecrets(settings.home, async () => {
    const resources = await startResources(settings);
    try {
      const { databaseUrl, storeVariables } = resources;
      return await restore({ databaseUrl, store: storeOf(storeVariables) }, directory);
    } finally {
      await resources.stop();
    }
  });
}

/** A platform of another place has its secrets there. Those that its home here draws on the way are nobody's, and nobody may take them for its own later. */
async function withoutNewSecrets<T>(home: string, work: () => Promise<T>): Promise<T> {
  const isNew = await Promise.all(SECRET_FILES.map(async (name) => !(await isThere(join(home, name)))));
  try {
    return await work();
  } finally {
    await Promise.all(SECRET_FILES.filter((_, n) => isNew[n]).map((name) => rm(join(home, name), { force: true })));
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
