import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Drawn when it is needed for the first time: a folder that an earlier release made lacks what came since. */
const drawn = z.string().default(secret);

const secrets = z.object({
  /** One password for the roles of all services; each role still reaches its own schema only. */
  databasePassword: drawn,
  apiKeyPepper: drawn,
  secretsKey: drawn,
  storeSigningSecret: drawn,
  sttToken: drawn,
});
export type Secrets = z.infer<typeof secrets>;

/** The folder of one local platform: data, logs, secrets, the key file. */
export interface Home {
  directory: string;
  postgres: string;
  nats: string;
  store: string;
  work: string;
  logs: string;
  keyFile: string;
  /** Holds what opens the operators' routes. */
  adminKeyFile: string;
  adminKey: string;
  secrets: Secrets;
}

/** Opens the folder, making it and its secrets the first time. Secrets are readable by their owner only. */
export function openHome(directory: string): Home {
  const folder = (name: string): string => {
    const path = join(directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  // Other users' processes (PostgreSQL runs as nobody when we are root) must be able to walk through, not to look around.
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o711);
  const adminKeyFile = join(directory, 'admin-key');
  return {
    directory,
    postgres: join(directory, 'postgres'),
    nats: folder('nats'),
    store: folder('store'),
    work: folder('work'),
    logs: folder('logs'),
    keyFile: join(directory, 'api-key'),
    adminKeyFile,
    adminKey: openAdminKey(adminKeyFile),
    secrets: openSecrets(join(directory, 'secrets.json')),
  };
}

/** A later release may have drawn some that this one does not know: they stay, for the day it is back. */
function openSecrets(path: string): Secrets {
  const known = JSON.parse(existsSync(path) ? readFileSync(path, 'utf8') : '{}') as object;
  const all = secrets.passthrough().parse(known);
  if (Object.keys(secrets.shape).every((name) => name in known)) return all;
  writeFileSync(`${path}.partial`, JSON.stringify(all), { mode: 0o600 });
  renameSync(`${path}.partial`, path);
  return all;
}

/** Made the first time; whoever writes another one into the file changes the key with the next start. */
function openAdminKey(path: string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const key = `attune_admin_${secret()}`;
  writeFileSync(`${path}.partial`, `${key}\n`, { mode: 0o600 });
  renameSync(`${path}.partial`, path);
  return key;
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}

/** Takes the folder for this process. Throws when a living launcher has it; a dead one's claim is taken over. */
export function lockHome(directory: string): () => void {
  const path = join(directory, 'launcher.pid');
  const holder = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  if (holder > 0 && holder !== process.pid && isLauncher(holder)) {
    throw new Error(
      `Attune runs already on ${directory} (process ${String(holder)}); stop it first or set ATTUNE_HOME`,
    );
  }
  writeFileSync(path, String(process.pid));
  return () => {
    rmSync(path, { force: true });
  };
}

/** A process id may have been given to another program since: only a Node process can be a launcher. */
function isLauncher(pid: number): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes('node');
  } catch {
    return false;
  }
}
