import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connectClient } from '@attune/database';
import { eventually, tsProgram } from '@attune/testing';
import type { TestBilling } from './test-billing';

/** Any number that nobody else uses. */
const POINT = 4711;

/** Where a transaction is held: before a row of the table is written, or at COMMIT after one was. */
export interface CrashPoint {
  table: string;
  on: 'INSERT' | 'UPDATE';
  at: 'statement' | 'commit';
}

const program = tsProgram(join(__dirname, 'billing-program.ts'));

/** Billing as a process of its own, which a test kills at a moment that it holds open. */
export class BillingProcess {
  private child: ChildProcess | null = null;

  constructor(private readonly billing: TestBilling) {}

  /** Nothing happens while it is running. */
  start(): void {
    if (this.child?.exitCode === null && this.child.signalCode === null) return;
    const { env } = this.billing;
    if (env.store.kind !== 'filesystem') throw new Error('a folder store is needed');
    this.child = spawn(program.command, program.args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: env.databaseUrl,
        NATS_URL: env.natsUrl,
        PORT: '0',
        LOG_LEVEL: 'silent',
        STORE_KIND: 'filesystem',
        STORE_DIRECTORY: env.store.directory,
        STORE_SIGNING_SECRET: env.store.signingSecret,
        STORE_INTERNAL_URL: env.store.publicBaseUrl,
        HOLD_SECONDS: String(env.billing.holdSeconds),
        HOLD_CHECK_SECONDS: String(env.billing.holdCheckSeconds),
      },
    });
  }

  /** SIGKILL; resolves when it is dead. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Kills it when it has come to the point, which `work` brings about; lets the database go on with what it was sent, and starts it again. */
  async killAt(point: CrashPoint, work: () => Promise<void>): Promise<void> {
    const client = await connectClient(
      this.billing.testDatabase.ownerUrl,
      { applicationName: 'crash point', schema: 'billing' },
      { timeoutMs: 5_000 },
    );
    try {
      await client.query(`SELECT pg_advisory_lock(${String(POINT)})`);
      await client.query(holdAt(point));
      const working = work().catch(() => undefined);
      await eventually(
        async () => {
          const { rows } = await client.query(
            `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${String(POINT)} AND NOT granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
          );
          if (rows.length === 0) throw new Error(`nobody comes to ${point.table} ${point.on} ${point.at}`);
        },
        { timeoutMs: 25_000 },
      );
      await this.kill();
      await client.query(`SELECT pg_advisory_unlock(${String(POINT)})`);
      await client.query(`DROP TRIGGER crash_point ON ${point.table}`);
      this.start();
      await working;
    } finally {
      await client.end();
    }
  }
}

function holdAt({ table, on, at }: CrashPoint): string {
  const trigger =
    at === 'statement'
      ? `CREATE TRIGGER crash_point BEFORE ${on} ON ${table} FOR EACH ROW`
      : `CREATE CONSTRAINT TRIGGER crash_point AFTER ${on} ON ${table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW`;
  return `
    CREATE OR REPLACE FUNCTION hold_at_point() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock(${String(POINT)}); RETURN NEW; END $$;
    ${trigger} EXECUTE FUNCTION hold_at_point()`;
}
