import { delay, messageOf } from '@attune/kernel';
import { Client } from 'pg';
import { isConnectionLost } from './failures';
import { SCOPE_SETTING } from './tx';

export interface WaitOptions {
  /** Longest wait in milliseconds; default 60 000. */
  timeoutMs?: number;
  /** Gets one line when the wait begins, and one every five seconds. */
  log?: (message: string) => void;
}

const RETRY_MS = 250;
const LOG_EVERY_MS = 5_000;

/**
 * Runs `connect` until it succeeds, as long as it fails because the server is away or still starting.
 * Any other failure (wrong password, no such database) is thrown at once; the last one when time is up.
 */
export async function waitForServer<T>(connect: () => Promise<T>, options: WaitOptions = {}): Promise<T> {
  const started = performance.now();
  const timeoutMs = options.timeoutMs ?? 60_000;
  let nextLog = 0;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      const waited = performance.now() - started;
      if (!isConnectionLost(error) || waited >= timeoutMs) throw error;
      if (waited >= nextLog) {
        options.log?.(`waiting for PostgreSQL (${messageOf(error)})`);
        nextLog = waited + LOG_EVERY_MS;
      }
    }
    await delay(RETRY_MS);
  }
}

/**
 * A connected client of its own, outside any pool, with the platform's scope for as long as it lives where that is asked for;
 * waits for a server that is still starting.
 */
export function connectClient(
  url: string,
  settings: { applicationName: string; schema?: string; scope?: 'system' },
  options?: WaitOptions,
): Promise<Client> {
  return waitForServer(async () => {
    const client = new Client({
      connectionString: url,
      application_name: settings.applicationName,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      options: [
        ...(settings.schema === undefined ? [] : [`-c search_path=${settings.schema}`]),
        ...(settings.scope === undefined ? [] : [`-c ${SCOPE_SETTING}=${settings.scope}`]),
      ].join(' '),
    });
    // Without a listener a dropped connection would end the process; whoever uses the client sees its queries fail.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }, options);
}
