import { createHash } from 'node:crypto';
import { Query, type Connection, type Pool, type QueryConfig, type Submittable } from 'pg';
import { SCOPE_SETTING } from './tx';

/** What pg's own Query has beside its published type: how it writes to the connection, and what it is told of the answer. */
interface QueryParts extends Submittable {
  prepare(connection: Connection): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Connection): void;
}
/** The connection's methods without the argument that its type still asks for. */
interface Writer {
  parse(statement: { name: string; text: string }): void;
  bind(values: { portal: string; statement: string; values: string[] }): void;
  execute(portal: { portal: string }): void;
}
const PgQuery = Query as unknown as new (config: QueryConfig) => QueryParts;

const SET_SCOPE = { name: 'attune_scope', text: `SELECT set_config('${SCOPE_SETTING}', $1, true)` };
/** Connections that know the statement above. */
const prepared = new WeakSet<Connection>();

/**
 * A statement with its scope set before it, both in one write and one answer. PostgreSQL runs everything up to the Sync
 * message in one transaction, so the setting ends with it, whatever becomes of the statement.
 */
class ScopedQuery extends PgQuery {
  private isScopeSet = false;

  constructor(
    private readonly setting: string,
    config: QueryConfig,
  ) {
    super(config);
  }

  override prepare(connection: Connection): void {
    const writer = connection as unknown as Writer;
    if (!prepared.has(connection)) writer.parse(SET_SCOPE);
    prepared.add(connection);
    writer.bind({ portal: '', statement: SET_SCOPE.name, values: [this.setting] });
    writer.execute({ portal: '' });
    super.prepare(connection);
  }

  override handleDataRow(message: unknown): void {
    if (this.isScopeSet) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Connection): void {
    if (this.isScopeSet) super.handleCommandComplete(message, connection);
    else this.isScopeSet = true;
  }
}

/** The rows of one statement, seen with the scope's setting. A connection on which it fails is not used again. */
export async function queryInScope<T>(
  pool: Pool,
  setting: string,
  text: string,
  params: readonly unknown[],
): Promise<T[]> {
  const query = new ScopedQuery(setting, { name: nameOf(text), text, values: [...params] });
  // The pool takes such an object as it takes text; its type knows that of clients only.
  const send = pool.query.bind(pool) as unknown as (query: Submittable) => Promise<{ rows: T[] }>;
  return (await send(query)).rows;
}

const names = new Map<string, string>();

/** One name for one text: a connection parses and plans it once. */
function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = `attune_${createHash('sha256').update(text).digest('hex').slice(0, 40)}`;
  names.set(text, name);
  return name;
}
