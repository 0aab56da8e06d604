import type { Client } from 'pg';
import { DatabaseUnavailable, isConnectionLost } from './failures';
import { connectClient } from './wait';

/** Gives a lock back. Never throws. */
export type Unlock = () => Promise<void>;

/**
 * Locks that are held for as long as the holder works, be it hours, by one connection for all of a process: PostgreSQL frees
 * them at once when the process dies, so nobody waits for a lease to run out. A connection that breaks loses them all, and
 * their holders are not told: what they write needs a condition of its own, since a lock is no fence.
 */
export class SessionLocks {
  private readonly held = new Set<string>();
  private connecting: Promise<Client> | null = null;

  constructor(private readonly settings: { url: string; applicationName: string }) {}

  /** Null when another process, or another holder in this one, has it. `key` is a bigint in text. */
  async tryLock(key: string): Promise<Unlock | null> {
    // PostgreSQL would let the same session have it a second time.
    if (this.held.has(key)) return null;
    this.held.add(key);
    try {
      const client = await this.connection();
      const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [key]);
      if (rows[0]?.free === true) return () => this.unlock(client, key);
    } catch (error) {
      this.held.delete(key);
      throw isConnectionLost(error) ? new DatabaseUnavailable(error) : error;
    }
    this.held.delete(key);
    return null;
  }

  async close(): Promise<void> {
    const connecting = this.connecting;
    this.connecting = null;
    await connecting?.then((client) => client.end()).catch(() => undefined);
  }

  private async unlock(client: Client, key: string): Promise<void> {
    await client.query('SELECT pg_advisory_unlock($1)', [key]).catch(() => undefined);
    this.held.delete(key);
  }

  private connection(): Promise<Client> {
    this.connecting ??= this.connect();
    return this.connecting;
  }

  private connect(): Promise<Client> {
    const connecting = connectClient(this.settings.url, this.settings, { timeoutMs: 0 });
    // Only this one: by the time that a broken connection says so, there may be another.
    const forget = (): void => {
      if (this.connecting === connecting) this.connecting = null;
    };
    connecting.then((client) => client.on('end', forget).on('error', forget), forget);
    return connecting;
  }
}
