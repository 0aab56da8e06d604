import { types, type CustomTypesConfig } from 'pg';
import { DataSource, type EntitySchema, type MixedList } from 'typeorm';

export interface DataSourceSettings {
  /** `postgres://role:password@host:port/database` of the service's own role. */
  url: string;
  /** The one schema this service uses. */
  schema: string;
  entities?: MixedList<string | (new () => object) | EntitySchema>;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** Connections at most; default 10. */
  poolSize?: number;
  /** Longest a statement may run, in milliseconds; default 30 000. */
  statementTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;
/** A transaction whose client went to sleep must not hold its locks for ever. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** PostgreSQL's bigint as a JavaScript number. Throws above 2^53 instead of rounding. */
export function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit into a number`);
  return value;
}

type TypeId = Parameters<typeof types.getTypeParser>[0];
type TypeParser = (text: string) => unknown;

function typeParser(type: TypeId, format?: 'text' | 'binary'): TypeParser {
  if (type === types.builtins.INT8 && format !== 'binary') return parseBigint;
  return types.getTypeParser(type, format) as TypeParser;
}

/** bigint columns arrive as numbers (ids and counters stay below 2^53); everything else as pg has it. */
const rowTypes: CustomTypesConfig = { getTypeParser: typeParser as CustomTypesConfig['getTypeParser'] };

/** Session settings that go with the connection's start packet, so that they cost no round trip. */
function sessionOptions(schema: string, statementTimeoutMs = DEFAULT_STATEMENT_TIMEOUT_MS): string {
  return [
    `search_path=${schema}`,
    `statement_timeout=${String(statementTimeoutMs)}`,
    `idle_in_transaction_session_timeout=${String(IDLE_IN_TRANSACTION_MS)}`,
    'tcp_keepalives_idle=15',
    'tcp_keepalives_interval=5',
    'tcp_keepalives_count=3',
  ]
    .map((setting) => `-c ${setting}`)
    .join(' ');
}

/** A TypeORM DataSource for one service: its schema only, bounded statements, and never `synchronize`. */
export function createDataSource(settings: DataSourceSettings): DataSource {
  return new DataSource({
    type: 'postgres',
    url: settings.url,
    schema: settings.schema,
    entities: settings.entities ?? [],
    applicationName: settings.applicationName,
    poolSize: settings.poolSize ?? 10,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    synchronize: false,
    migrationsRun: false,
    logging: false,
    installExtensions: false,
    extra: {
      options: sessionOptions(settings.schema, settings.statementTimeoutMs),
      types: rowTypes,
      keepAlive: true,
    },
  });
}
