import { delay } from '@attune/kernel';
import type { Pool } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import {
  CommitOutcomeUnknown,
  ConnectionLost,
  DatabaseUnavailable,
  isConnectionLost,
  isStaleStatement,
  isTransactionConflict,
  sqlStateOf,
} from './failures';
import { JoinedScope } from './joined';
import { queryInScope } from './scoped-query';
import { settingOf, Tx, type Scope } from './tx';

export interface TransactionOptions {
  /** Default READ COMMITTED: moves are conditional updates, so nothing stronger is needed. */
  isolation?: 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';
  /** How often the whole transaction is run at most; default 4. 1 means no retry. */
  attempts?: number;
}

export interface QueryOptions {
  /**
   * How often the statement is sent at most; default 4. 1 for a statement that must not be carried out twice: the first may have
   * been when its connection broke before the answer came.
   */
  attempts?: number;
}

const DEFAULT_ATTEMPTS = 4;
const FIRST_RETRY_MS = 50;

/** The one way into a service's schema. */
export class Database {
  private readonly joined = new JoinedScope();

  constructor(readonly dataSource: DataSource) {}

  /** Where the pool connects, for the few that need a connection of their own (relay, leadership). */
  get url(): string {
    const { options } = this.dataSource;
    if (options.type !== 'postgres' || options.url === undefined)
      throw new Error('the DataSource was not made by createDataSource');
    return options.url;
  }

  get schema(): string {
    const { options } = this.dataSource;
    if (options.type !== 'postgres' || options.schema === undefined)
      throw new Error('the DataSource was not made by createDataSource');
    return options.schema;
  }

  /**
   * Runs `fn` in one transaction and commits it. The scope is set for this transaction alone, so a pooled
   * connection never carries it to the next. The whole of `fn` runs again after a serialization failure, a deadlock, or a
   * connection lost before COMMIT was sent: it must have no effect outside the transaction. Any other error rolls back and
   * is thrown as it is.
   * Throws DatabaseUnavailable when retries are used up, CommitOutcomeUnknown when the connection broke during COMMIT.
   */
  runInTransaction<T>(scope: Scope, fn: (tx: Tx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const joined = this.joined.join('write', scope, fn);
    if (joined) return joined;
    return this.retrying(options.attempts ?? DEFAULT_ATTEMPTS, () => this.attempt(scope, fn, options, false));
  }

  /**
   * Runs `work` in one transaction that every runInTransaction, read and query inside `work` joins, each in its own scope: all
   * of it commits together, whoever wrote it. What is true of runInTransaction's `fn` is true of the whole of `work`. In an
   * organization's transaction another one's work, and what is written for the platform, stays apart.
   */
  runJoined<T>(scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.runInTransaction(scope, (tx) => this.joined.open(tx, work));
  }

  /** Like runInTransaction for several reads of one moment: REPEATABLE READ and READ ONLY. */
  read<T>(scope: Scope, fn: (tx: Tx) => Promise<T>): Promise<T> {
    const joined = this.joined.join('read', scope, fn);
    if (joined) return joined;
    const options: TransactionOptions = { isolation: 'REPEATABLE READ' };
    return this.retrying(DEFAULT_ATTEMPTS, () => this.attempt(scope, fn, options, true));
  }

  /**
   * One statement in a transaction of its own and one round trip: for hot reads and single conditional writes. Its text is one
   * of a few that the program contains (each is prepared once per connection); what varies goes into `params`. It is sent again
   * after a lost connection, so carried out twice it must do the same as once, or say so in `options`.
   */
  async query<T>(scope: Scope, sql: string, params: readonly unknown[] = [], options: QueryOptions = {}): Promise<T[]> {
    const joined = this.joined.join('read', scope, (tx) => tx.query<T>(sql, params));
    if (joined) return joined;
    const pool = (this.dataSource.driver as unknown as { master: Pool }).master;
    const setting = settingOf(scope);
    return this.retrying(options.attempts ?? DEFAULT_ATTEMPTS, () => queryInScope<T>(pool, setting, sql, params));
  }

  private async attempt<T>(
    scope: Scope,
    fn: (tx: Tx) => Promise<T>,
    options: TransactionOptions,
    readOnly: boolean,
  ): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction(options.isolation ?? 'READ COMMITTED');
      if (readOnly) await runner.query('SET TRANSACTION READ ONLY');
      const tx = new Tx(runner, scope);
      await tx.applyScope();
      const result = await fn(tx);
      await commit(runner);
      return result;
    } catch (error) {
      await rollback(runner);
      throw error;
    } finally {
      await runner.release();
    }
  }

  private async retrying<T>(attempts: number, run: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        if (error instanceof CommitOutcomeUnknown || !isWorthAnotherTry(error)) throw error;
        if (attempt >= attempts) throw new DatabaseUnavailable(error);
        await delay(FIRST_RETRY_MS * 4 ** (attempt - 1) * (0.5 + Math.random()));
      }
    }
  }
}

function isWorthAnotherTry(error: unknown): boolean {
  return isConnectionLost(error) || isTransactionConflict(error) || isStaleStatement(error);
}

/** An answer of the server means that the transaction did not happen; silence means that nobody knows. */
async function commit(runner: QueryRunner): Promise<void> {
  // TypeORM releases a runner whose connection broke: COMMIT is refused before it is sent, so that may be retried.
  if (runner.isReleased) throw new ConnectionLost();
  try {
    await runner.commitTransaction();
  } catch (error) {
    if (isConnectionLost(error) && !isTransactionConflict(error)) throw new CommitOutcomeUnknown(error);
    throw error;
  }
}

async function rollback(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  try {
    await runner.rollbackTransaction();
  } catch (error) {
    // The connection is gone and took the transaction with it; the first error is the one worth throwing.
    if (!isConnectionLost(error) && sqlStateOf(error) !== null) throw error;
  }
}
