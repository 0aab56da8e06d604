import { AsyncLocalStorage } from 'node:async_hooks';
import { settingOf, type Scope, type Tx } from './tx';

type Kind = 'read' | 'write';

/**
 * A transaction that others join: whatever asks for one, anywhere inside the work that it was opened for, gets this one, as a
 * savepoint of its own and in the scope that it asked for. All of it commits together, once, when that work is done.
 */
export class JoinedTransaction {
  private last: Promise<unknown> = Promise.resolve();
  private savepoints = 0;
  private isOpen = true;

  constructor(readonly tx: Tx) {}

  /**
   * The platform's transaction takes everybody's work. An organization's takes its own and what is read of the platform (waiting
   * for a second connection while holding one would block a whole pool), but no other organization's work, nor what is written
   * for the platform. What outlives the transaction (a loop begun inside) is taken by none.
   */
  takes(kind: Kind, scope: Scope): boolean {
    if (!this.isOpen) return false;
    if (this.tx.scope === 'system' || (kind === 'read' && scope === 'system')) return true;
    return settingOf(scope) === settingOf(this.tx.scope);
  }

  close(): void {
    this.isOpen = false;
  }

  /** One after the other: a connection has one stack of savepoints. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** What `fn` did is undone alone when it fails, as it would be in a transaction of its own; so is the change of scope. */
  async inSavepoint<T>(outer: Tx, scope: Scope, fn: (tx: Tx) => Promise<T>): Promise<T> {
    const name = `joined_${String((this.savepoints += 1))}`;
    const inner = settingOf(scope) === settingOf(outer.scope) ? outer : outer.inScope(scope);
    await outer.execute(`SAVEPOINT ${name}`);
    try {
      if (inner !== outer) await inner.applyScope();
      const result = await fn(inner);
      if (inner !== outer) await outer.applyScope();
      await outer.execute(`RELEASE SAVEPOINT ${name}`);
      return result;
    } catch (error) {
      // A connection that is gone took the transaction with it: the first error is the one worth throwing.
      await outer.execute(`ROLLBACK TO SAVEPOINT ${name}`).catch(() => undefined);
      throw error;
    }
  }
}

/** Which joined transaction the running code is in, and inside which of its savepoints. */
export class JoinedScope {
  private readonly current = new AsyncLocalStorage<{ joined: JoinedTransaction; inside: Tx | null }>();

  async open<T>(tx: Tx, work: (tx: Tx) => Promise<T>): Promise<T> {
    const joined = new JoinedTransaction(tx);
    try {
      return await this.current.run({ joined, inside: null }, () => work(tx));
    } finally {
      joined.close();
    }
  }

  /** Runs `fn` in the joined transaction; undefined when there is none that takes such work. */
  join<T>(kind: Kind, scope: Scope, fn: (tx: Tx) => Promise<T>): Promise<T> | undefined {
    const found = this.current.getStore();
    if (!found?.joined.takes(kind, scope)) return undefined;
    const { joined, inside } = found;
    const run = (tx: Tx): Promise<T> => this.current.run({ joined, inside: tx }, () => fn(tx));
    if (inside) return joined.inSavepoint(inside, scope, run);
    return joined.inTurn(() => joined.inSavepoint(joined.tx, scope, run));
  }
}
