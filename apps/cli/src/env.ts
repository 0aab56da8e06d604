import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './exit-codes';

/** What the command line takes from its surroundings. */
export interface Env {
  url: string;
  apiKey: string;
  /** Where upload journals lie: user data that may be lost (XDG base directory specification). */
  stateDirectory: string;
}

const DEFAULT_URL = 'http://127.0.0.1:8080';
const KEY_FILE = join('.attune', 'api-key');
const ADMIN_KEY_FILE = join('.attune', 'admin-key');

/** What `attune admin` takes from its surroundings. */
export interface AdminEnv {
  url: string;
  adminKey: string;
}

/** Reads ATTUNE_URL and ATTUNE_ADMIN_KEY; without the latter the key file that `npm start` leaves in the working directory. */
export async function readAdminEnv(variables: NodeJS.ProcessEnv, workingDirectory: string): Promise<AdminEnv> {
  return {
    url: readUrl(variables),
    adminKey:
      filled(variables['ATTUNE_ADMIN_KEY']) ??
      (await readKeyFile(join(workingDirectory, ADMIN_KEY_FILE), 'no admin key: set ATTUNE_ADMIN_KEY', ADMIN_KEY_FILE)),
  };
}

/** Reads ATTUNE_URL and ATTUNE_API_KEY; without the latter the key file that `npm start` leaves in the working directory. */
export async function readEnv(variables: NodeJS.ProcessEnv, workingDirectory: string): Promise<Env> {
  const url = readUrl(variables);
  const state = filled(variables['XDG_STATE_HOME']) ?? join(filled(variables['HOME']) ?? homedir(), '.local', 'state');
  return {
    url,
    apiKey:
      filled(variables['ATTUNE_API_KEY']) ??
      (await readKeyFile(join(workingDirectory, KEY_FILE), 'no API key: set ATTUNE_API_KEY', KEY_FILE)),
    stateDirectory: join(state, 'attune'),
  };
}

function readUrl(variables: NodeJS.ProcessEnv): string {
  const url = filled(variables['ATTUNE_URL']) ?? DEFAULT_URL;
  if (!URL.canParse(url) || !['http:', 'https:'].includes(new URL(url).protocol)) {
    throw new UsageError(`ATTUNE_URL is no http(s) address: ${url}`);
  }
  return new URL(url).origin;
}

async function readKeyFile(path: string, problem: string, name: string): Promise<string> {
  const key = await readFile(path, 'utf8').catch(() => '');
  if (key.trim() !== '') return key.trim();
  throw new UsageError(`${problem}, or work in the folder where \`npm start\` made ${name}`);
}

function filled(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

/** The variables of this process. */
export function processVariables(): NodeJS.ProcessEnv {
  return process.env;
}
