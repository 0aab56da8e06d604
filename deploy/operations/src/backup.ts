import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectClient, holdLeadership } from '@attune/database';
import type { ObjectStore } from '@attune/storage';
import { z } from 'zod';
import { copyDatabase, loadDatabase, type DatabaseCopy } from './database-copy';
import { copyObjects, loadObjects, type ObjectsCopy } from './objects-copy';

/** Where a platform's record and bytes are. */
export interface PlatformData {
  /** As the database's owner. */
  databaseUrl: string;
  store: ObjectStore;
}

interface Backup {
  format: 1;
  database: DatabaseCopy;
  objects: ObjectsCopy;
}

export interface Summary {
  takenAt: string;
  tables: number;
  objects: number;
  bytes: number;
}

const DATABASE = 'database';
const OBJECTS = 'objects';
const LIST = 'backup.json';
/** Who removes uploads once they have their verdict: an upload that the record still waits for must not go before it is copied. */
const QUARANTINE = 'ingestion-quarantine';

/**
 * Backs up a platform that works, into a folder that is empty or not there. What a row names is in the store before the row is committed and
 * keeps its bytes for ever, so the record is copied first and then what the store has: the objects are those of the record's moment or
 * later ones. Most are copied before, so that little is left to be copied while the quarantine is held.
 */
export async function backUp({ databaseUrl, store }: PlatformData, directory: string): Promise<Summary> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if ((await readdir(directory)).includes(LIST)) throw new Error(`${directory} holds a backup already`);
  const objects: ObjectsCopy = {};
  await copyObjects(store, join(directory, OBJECTS), objects);
  const database = await holdLeadership(databaseUrl, QUARANTINE, async () => {
    const copy = await copyDatabase(databaseUrl, join(directory, DATABASE));
    await copyObjects(store, join(directory, OBJECTS), objects);
    return copy;
  });
  // Last: a folder without it is no backup.
  const list: Backup = { format: 1, database, objects };
  await writeFile(join(directory, `${LIST}.partial`), JSON.stringify(list), { mode: 0o600 });
  await rename(join(directory, `${LIST}.partial`), join(directory, LIST));
  return summaryOf(list);
}

/** Brings a backup back into an empty place: a database that the same release's migrations have made, and a store. No service may run. */
export async function restore({ databaseUrl, store }: PlatformData, directory: string): Promise<Summary> {
  const list = await readList(directory);
  await checkNobodyWorks(databaseUrl);
  // Objects first: a row never comes before what it names.
  await loadObjects(store, join(directory, OBJECTS), list.objects);
  await loadDatabase(databaseUrl, join(directory, DATABASE), list.database);
  return summaryOf(list);
}

async function readList(directory: string): Promise<Backup> {
  const text = await readFile(join(directory, LIST), 'utf8').catch(() => {
    throw new Error(`${directory} holds no whole backup: there is no ${LIST}`);
  });
  const list = z
    .object({ format: z.literal(1) })
    .passthrough()
    .parse(JSON.parse(text)) as unknown;
  return list as Backup;
}

async function checkNobodyWorks(databaseUrl: string): Promise<void> {
  const client = await connectClient(databaseUrl, { applicationName: 'restore' });
  try {
    const { rows } = await client.query<{ role: string }>(
      `SELECT DISTINCT usename AS role FROM pg_stat_activity WHERE datname = current_database() AND usename LIKE 'attune\\_%'`,
    );
    if (rows.length > 0) throw new Error(`stop the services first: ${rows.map(({ role }) => role).join(', ')}`);
  } finally {
    await client.end();
  }
}

function summaryOf({ database, objects }: Backup): Summary {
  const all = Object.values(objects);
  return {
    takenAt: database.takenAt,
    tables: database.tables.length,
    objects: all.length,
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
