import { delay, messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { connect, type NatsConnection } from '@nats-io/transport-node';

export interface NatsSettings {
  /** `nats://user:password@host:port`, `nats://token@host:port`, or several, separated by commas. */
  url: string;
  /** Shown in the server's list of connections. */
  name: string;
  logger: Logger;
  /** Longest wait for the first connection in milliseconds; default 60 000. */
  timeoutMs?: number;
}

const RETRY_MS = 250;

/**
 * Connects, waiting for a server that is still starting; later outages are ridden out for as long as they last.
 * Throws the last error when time is up.
 */
export async function connectNats(settings: NatsSettings): Promise<NatsConnection> {
  const started = performance.now();
  const { servers, credentials } = parseUrls(settings.url);
  for (let attempt = 1; ; attempt++) {
    try {
      const connection = await connect({
        servers,
        ...credentials,
        name: settings.name,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RETRY_MS,
        reconnectJitter: RETRY_MS,
        ignoreAuthErrorAbort: true,
        pingInterval: 10_000,
        maxPingOut: 2,
      });
      settings.logger.info({ nats_version: connection.info?.version }, 'connected to NATS');
      void logStatus(connection, settings.logger);
      return connection;
    } catch (error) {
      if (performance.now() - started >= (settings.timeoutMs ?? 60_000)) throw error;
      if (attempt === 1) settings.logger.warn(`waiting for NATS (${messageOf(error)})`);
    }
    await delay(RETRY_MS);
  }
}

interface Credentials {
  user?: string;
  pass?: string;
  token?: string;
}

/** The client takes credentials apart from the addresses. */
function parseUrls(text: string): { servers: string[]; credentials: Credentials } {
  const urls = text.split(',').map((part) => new URL(part.trim()));
  const { username, password } = urls[0] ?? new URL(text);
  const user = decodeURIComponent(username);
  return {
    servers: urls.map((url) => url.host),
    credentials: password !== '' ? { user, pass: decodeURIComponent(password) } : user !== '' ? { token: user } : {},
  };
}

async function logStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect' || status.type === 'reconnect') logger.warn(`NATS: ${status.type}`);
    if (status.type === 'error') logger.error(`NATS: ${status.error.message}`);
  }
}
