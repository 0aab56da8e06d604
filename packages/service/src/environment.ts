import { parseStoreEnv, type StoreConfig } from '@attune/storage';
import { z } from 'zod';

/** Environment variables as the process has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

type Values<S extends z.ZodRawShape> = z.output<z.ZodObject<S>>;

export const url = z.string().url();
export const port = z.coerce.number().int().min(0).max(65_535);
export const logLevel = z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info');
export const directory = z.string().startsWith('/', 'must be an absolute path');

/** A whole number that need not be named. */
export const count = (fallback: number, minimum = 0) => z.coerce.number().int().min(minimum).default(fallback);

/** A variable that holds JSON of this form; `hint` shows how it is written. */
export function json<S extends z.ZodTypeAny>(schema: S, options: { hint?: string; fallback?: z.input<S> } = {}) {
  const { hint, fallback } = options;
  const text = fallback === undefined ? z.string() : z.string().default(JSON.stringify(fallback));
  return text
    .transform((value, context): unknown => {
      try {
        return JSON.parse(value);
      } catch {
        context.addIssue({ code: 'custom', message: hint === undefined ? 'must be JSON' : `must be JSON: ${hint}` });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

/** `{"whisper":["/path/to/engine-whisper"]}`: engine -> program and fixed arguments. */
export const enginePrograms = json(z.record(z.array(z.string().min(1)).min(1)), {
  hint: '{"<engine>": ["<program>", "<argument>", ...]}',
});

/** Where a service listens, and how much it logs. */
export function listenerShape(defaultPort: number) {
  return {
    HOST: z.string().default('127.0.0.1'),
    PORT: port.default(defaultPort),
    LOG_LEVEL: logLevel,
  };
}

/** The variables of a service that has a schema of its own. DATABASE_URL logs in as the service's role. */
export function serviceShape(defaultPort: number) {
  return {
    DATABASE_URL: url,
    NATS_URL: url,
    NATS_MONITOR_URL: z.string().min(1).optional(),
    /** NATS servers that keep each event: 3 in a cluster of three. For streams that are made from now on. */
    NATS_REPLICAS: count(1, 1),
    ...listenerShape(defaultPort),
  };
}

/** What every service is told. */
export interface ListenerSettings {
  host: string;
  port: number;
  logLevel: string;
}

/** What every service with a schema of its own is told. */
export interface ServiceSettings extends ListenerSettings {
  databaseUrl: string;
  natsUrl: string;
  /** NATS's monitoring, by which readiness sees that it writes before it answers; undefined: nobody looks. */
  natsMonitorUrl?: string | undefined;
  natsReplicas?: number | undefined;
  store: StoreConfig;
}

/** From the variables of `serviceShape` to what the service works with. */
export function toServiceSettings(env: Values<ReturnType<typeof serviceShape>>, store: StoreConfig): ServiceSettings {
  return {
    databaseUrl: env.DATABASE_URL,
    natsUrl: env.NATS_URL,
    natsMonitorUrl: env.NATS_MONITOR_URL,
    natsReplicas: env.NATS_REPLICAS,
    store,
    host: env.HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
  };
}

/** Reads the variables that `shape` names. Throws one error that names every problem. */
export function readEnvironment<S extends z.ZodRawShape>(shape: S, variables: Variables): Values<S> {
  const parsed = z.object(shape).safeParse(variables);
  if (!parsed.success) throw environmentError(problemsOf(parsed.error));
  return parsed.data;
}

/** As `readEnvironment`, and the object store's variables with them. Throws one error that names every problem of both. */
export function readEnvironmentWithStore<S extends z.ZodRawShape>(
  shape: S,
  variables: Variables,
): { env: Values<S>; store: StoreConfig } {
  const parsed = z.object(shape).safeParse(variables);
  const store = parseStoreEnv(variables);
  if (parsed.success && 'config' in store) return { env: parsed.data, store: store.config };
  throw environmentError([
    ...(parsed.success ? [] : problemsOf(parsed.error)),
    ...('problems' in store ? store.problems.map(({ name, message }) => `${name}: ${message}`) : []),
  ]);
}

/** What `migrate` needs to know of the environment. */
export interface MigrationEnvironment {
  ownerUrl: string;
  serviceRole: string;
  servicePassword: string;
}

const migrationShape = {
  /** As the database's owner. */
  DATABASE_OWNER_URL: url,
  /** As the service will log in: the migrations make its role, with this password. */
  DATABASE_URL: url,
};

/** Reads what the migrations of the service that logs in as `role` need. Throws one error that names every problem. */
export function readMigrationEnvironment(role: string, variables: Variables): Readonly<MigrationEnvironment> {
  const env = readEnvironment(migrationShape, variables);
  const { username, password } = new URL(env.DATABASE_URL);
  const problems = [
    ...(username === role ? [] : [`DATABASE_URL: must log in as ${role}`]),
    ...(password === '' ? ['DATABASE_URL: must have a password'] : []),
  ];
  if (problems.length > 0) throw environmentError(problems);
  return Object.freeze({
    ownerUrl: env.DATABASE_OWNER_URL,
    serviceRole: role,
    servicePassword: decodeURIComponent(password),
  });
}

function problemsOf(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

function environmentError(problems: readonly string[]): Error {
  return new Error(`the environment is not right:\n  ${problems.join('\n  ')}`);
}
