import { delay, messageOf } from '@attune/kernel';
import type { Client } from 'pg';
import type { Database } from './database';
import { reconcilerPasses } from './metrics';
import { connectClient } from './wait';

const PING_EVERY_MS = 2_000;
const PING_TIMEOUT_MS = 5_000;
const LOCK_KEY = `hashtextextended('attune.leader.' || $1, 0)`;

/**
 * Runs `fn` if this process can become the leader for `name` right now; answers whether it did.
 *
 * Leadership is a session-level advisory lock on a connection of its own, so it ends with that connection: when the process
 * dies, when PostgreSQL restarts, or when a ping stays unanswered for five seconds. `fn` then sees its signal aborted and
 * must stop; its writes still need their own conditions, since a signal is no fence.
 */
export async function withLeadership(
  database: Database,
  name: string,
  fn: (lost: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const client = await connectClient(database.url, { applicationName: `leader ${name}` }, { timeoutMs: 0 });
  const lost = new AbortController();
  const done = new AbortController();
  client.on('error', () => lost.abort());
  client.on('end', () => lost.abort());
  try {
    const { rows } = await client.query<{ leader: boolean }>(`SELECT pg_try_advisory_lock(${LOCK_KEY}) AS leader`, [
      name,
    ]);
    if (rows[0]?.leader !== true) return false;
    const watch = watchConnection(client, lost, done.signal);
    try {
      await fn(lost.signal);
    } finally {
      done.abort();
      await watch;
      // The server notices a closed connection a little later; whoever asks next should not have to wait for that.
      await client.query(`SELECT pg_advisory_unlock(${LOCK_KEY})`, [name]).catch(() => undefined);
    }
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Keeps everybody from leading for `name` while `fn` runs: for operators who need a reconciler to pause. Waits for the pass that
 * is under way. `url`: any role of the database.
 */
export async function holdLeadership<T>(url: string, name: string, fn: () => Promise<T>): Promise<T> {
  const client = await connectClient(url, { applicationName: `hold ${name}` }, { timeoutMs: 0 });
  try {
    await client.query(`SELECT pg_advisory_lock(${LOCK_KEY})`, [name]);
    return await fn();
  } finally {
    await client.end();
  }
}

/** Pings until `done`; a connection that no longer answers counts as lost although TCP has not noticed. */
async function watchConnection(client: Client, lost: AbortController, done: AbortSignal): Promise<void> {
  while (!done.aborted && !lost.signal.aborted) {
    await delay(PING_EVERY_MS, done);
    const timeout = delay(PING_TIMEOUT_MS, done).then(() => done.aborted);
    const answered = await Promise.race([
      client.query('SELECT 1').then(
        () => true,
        () => false,
      ),
      timeout,
    ]);
    if (!answered) lost.abort();
  }
}

export interface ReconcilerSettings {
  database: Database;
  /** One leader per name and database (of PostgreSQL). */
  name: string;
  everyMs: number;
  /** One pass over the state. Every action in it is idempotent; it stops early when the signal is aborted. */
  pass: (signal: AbortSignal) => Promise<void>;
  /** Gets one line for every pass that failed. */
  log: (message: string) => void;
}

/** Runs a pass every `everyMs` in whichever instance of the service gets the leadership for that pass. */
export class Reconciler {
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;

  constructor(private readonly settings: ReconcilerSettings) {}

  start(): void {
    for (const outcome of ['done', 'failed']) reconcilerPasses.inc({ reconciler: this.settings.name, outcome }, 0);
    this.running ??= this.loop();
  }

  /** Resolves when the current pass has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async loop(): Promise<void> {
    const { database, name, everyMs, pass, log } = this.settings;
    while (!this.stopping.signal.aborted) {
      try {
        const led = await withLeadership(database, name, (lost) => pass(AbortSignal.any([lost, this.stopping.signal])));
        if (led) reconcilerPasses.inc({ reconciler: name, outcome: 'done' });
      } catch (error) {
        reconcilerPasses.inc({ reconciler: name, outcome: 'failed' });
        log(`reconciler ${name}: ${messageOf(error)}`);
      }
      await delay(everyMs, this.stopping.signal);
    }
  }
}
