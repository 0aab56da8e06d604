import { isUuid } from '@attune/kernel';
import type { EntityManager, QueryRunner } from 'typeorm';

/** Whose rows a statement may see: one organization's, or (reconcilers, boot) the whole platform's. */
export type Scope = { organizationId: string } | 'system';

/**
 * The transaction-local setting that every policy reads: an organization's id, or `system`. Where it is not set, tenant
 * tables are empty.
 */
export const SCOPE_SETTING = 'app.scope';

/** The setting's value for a scope. Throws when the organization is no UUID, so that none can be called `system`. */
export function settingOf(scope: Scope): string {
  if (scope === 'system') return 'system';
  if (!isUuid(scope.organizationId)) throw new Error(`"${scope.organizationId}" is not the id of an organization`);
  return scope.organizationId;
}

/**
 * A running transaction. Only `Database` makes one, so a function that takes a Tx cannot be called outside a transaction,
 * and everything done through it commits or rolls back together.
 */
export class Tx {
  /** Null in a system transaction. */
  readonly organizationId: string | null;
  readonly #runner: QueryRunner;

  /** Made by Database alone. */
  constructor(
    runner: QueryRunner,
    readonly scope: Scope,
  ) {
    this.#runner = runner;
    this.organizationId = scope === 'system' ? null : scope.organizationId;
  }

  /** The same transaction for another scope's work, once `applyScope` is called; for joined transactions alone. */
  inScope(scope: Scope): Tx {
    return new Tx(this.#runner, scope);
  }

  /** From here to the transaction's end, or to the savepoint that is rolled back, statements see what the scope may see. */
  async applyScope(): Promise<void> {
    await this.query('SELECT set_config($1, $2, true)', [SCOPE_SETTING, settingOf(this.scope)]);
  }

  /** TypeORM's manager, bound to this transaction; for repositories. */
  get manager(): EntityManager {
    return this.#runner.manager;
  }

  /** The rows that a statement returns (SELECT, or any other with RETURNING). */
  async query<T>(sql: string, params: readonly unknown[] = []): Promise<T[]> {
    const result = await this.#runner.query(sql, [...params], true);
    return result.records as T[];
  }

  /** Runs a statement; answers how many rows it touched. For conditional updates: 0 means that the condition did not hold. */
  async execute(sql: string, params: readonly unknown[] = []): Promise<number> {
    const result = await this.#runner.query(sql, [...params], true);
    return result.affected ?? 0;
  }
}
