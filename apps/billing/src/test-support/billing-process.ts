import { join } from 'node:path';
import { connectClient } from '@attune/database';
import { eventually, ServiceProcess } from '@attune/testing';
import type { TestBilling } from './test-billing';

/** Any number that nobody else uses. */
const POINT = 4711;

/** Where a transaction is held: before a row of the table is written, or at COMMIT after one was. */
export interface CrashPoint {
  table: string;
  on: 'INSERT' | 'UPDATE';
  at: 'statement' | 'commit';
}

/** Billing as a process of its own, which a test kills at a moment that it holds open. */
export class BillingProcess {
  private service: ServiceProcess | null = null;

  constructor(private readonly billing: TestBilling) {}

  /** Nothing happens while it is running. */
  start(): void {
    if (this.service?.isRunning === true) return;
    const { env } = this.billing;
    this.service = ServiceProcess.spawn(join(__dirname, 'billing-program.ts'), env, {
      HOLD_SECONDS: String(env.billing.holdSeconds),
      HOLD_CHECK_SECONDS: String(env.billing.holdCheckSeconds),
    });
  }

  /** SIGKILL; resolves when it is dead. */
  async kill(): Promise<void> {
    await this.service?.end('SIGKILL');
  }

  /** Kills it when it has come to the point, which `work` brings about; lets the database go on with what it was sent, and starts it again. */
  async killAt(point: CrashPoint, work: () => Promise<void>): Promise<void> {
    const client = await connectClient(this.billing.testDatabase.ownerUrl, {
      applicationName: 'crash point',
      schema: 'billing',
    });
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
        { timeoutMs: 60_000 },
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
