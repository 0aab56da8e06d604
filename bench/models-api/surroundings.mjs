/** What both programs need: PostgreSQL, NATS, models-api as a process of its own, an organization with a key, one model. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, chmodSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const load = createRequire(join(root, 'apps', 'models-api', 'package.json'));
const { freePort, serviceArguments, startNats, startPostgres } = createRequire(
  join(root, 'packages', 'testing', 'package.json'),
)('@attune/embedded');
const { createDataSource, Database } = load('@attune/database');
const { delay, limitNames, newId, systemClock } = load('@attune/kernel');
const built = (path) => load(join(root, 'apps', 'models-api', 'dist', path));

const PASSWORD = 'bench';
const PEPPER = 'a-pepper-for-measurements-32-chars';

/** Everything up, with `stop` to end it and remove what it wrote. */
export async function startSurroundings() {
  const directory = mkdtempSync(join(tmpdir(), 'attune-models-api-bench-'));
  chmodSync(directory, 0o711);
  const stops = [() => rmSync(directory, { recursive: true, force: true })];
  const stop = async () => {
    for (const one of stops.reverse()) await one();
  };
  try {
    const postgres = await startPostgres({ directory: join(directory, 'postgres') });
    stops.push(() => postgres.stop());
    const nats = await startNats({ directory: join(directory, 'nats') });
    stops.push(() => nats.stop());
    const env = await environment(directory, postgres.url, nats.url);
    execFileSync(process.execPath, [program('migrate.js')], { env: { ...env, DATABASE_OWNER_URL: postgres.url } });
    const service = spawn(process.execPath, serviceArguments(program('main.js')), {
      env,
      stdio: ['ignore', openSync(join(directory, 'models-api.log'), 'a'), 'inherit'],
    });
    stops.push(() => ended(service));
    const url = `http://127.0.0.1:${env.PORT}`;
    await untilReady(url, service);
    const { key, organizationId, modelId } = await withService(env.DATABASE_URL, fill);
    const addOrganization = () => withService(env.DATABASE_URL, addTenant);
    return {
      url,
      key,
      organizationId,
      modelId,
      addOrganization,
      databaseUrl: env.DATABASE_URL,
      pid: service.pid,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A child of this program, ended and waited for. */
export async function ended(child) {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}

function program(file) {
  return join(root, 'apps', 'models-api', 'dist', file);
}

async function environment(directory, ownerUrl, natsUrl) {
  const database = new URL(ownerUrl);
  database.username = 'attune_models';
  database.password = PASSWORD;
  return {
    PATH: process.env.PATH,
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    DATABASE_URL: database.href,
    NATS_URL: natsUrl,
    API_KEY_PEPPER: PEPPER,
    SECRETS_KEY: PEPPER,
    STT_URL: 'http://127.0.0.1:1',
    STT_INTERNAL_TOKEN: 'nobody-listens-there',
    STORE_KIND: 'filesystem',
    STORE_DIRECTORY: join(directory, 'store'),
    STORE_SIGNING_SECRET: 'a-signing-secret-for-measurements',
    STORE_INTERNAL_URL: 'http://127.0.0.1:1/store',
  };
}

async function untilReady(url, service) {
  for (let n = 0; n < 300; n++) {
    if (service.exitCode !== null) throw new Error('models-api ended while it started');
    const answer = await fetch(`${url}/healthz/ready`).catch(() => null);
    if (answer?.ok) return;
    await delay(100);
  }
  throw new Error('models-api is not ready after 30 s');
}

/** The service's own database and keys, for as long as `work` lasts. */
async function withService(databaseUrl, work) {
  const { entities } = built('entities.js');
  const { ApiKeysRepository } = built('api-keys/api-keys.repository.js');
  const { ApiKeysService } = built('api-keys/api-keys.service.js');
  const dataSource = await createDataSource({
    url: databaseUrl,
    schema: 'models',
    applicationName: 'bench',
    entities,
  }).initialize();
  try {
    const database = new Database(dataSource);
    return await work(database, new ApiKeysService(new ApiKeysRepository(database), PEPPER, systemClock));
  } finally {
    await dataSource.destroy();
  }
}

/** An organization with every limit on, none of which is reached: what is measured includes the counting. */
async function addTenant(database, keys) {
  const organizationId = newId();
  const limits = Object.fromEntries(Object.values(limitNames).map((name) => [name, 100_000_000]));
  await database.runInTransaction({ organizationId }, (tx) =>
    tx.execute(
      `INSERT INTO organization (id, name, plan, may_train, minimum_training_ms, entitlements_revision, limits)
       VALUES ($1, 'Bench', 'enterprise', true, 0, 1, $2)`,
      [organizationId, JSON.stringify(limits)],
    ),
  );
  const scopes = ['custom_models:read', 'custom_models:write'];
  const { key } = await database.runInTransaction({ organizationId }, (tx) =>
    keys.create(tx, organizationId, { name: 'bench', scopes }),
  );
  return { organizationId, key };
}

/** Rows that bootstrap, register-base and a finished run would make. */
async function fill(database, keys) {
  const { organizationId, key } = await addTenant(database, keys);
  const [runId, versionId] = [newId(), newId()];
  const digest = `sha256:${'b'.repeat(64)}`;
  await database.query(
    'system',
    `INSERT INTO base VALUES ($1, 'Tiny', 'whisper', '{en}', 'bench', 'MIT', 'bases', '[]')`,
    [digest],
  );
  await database.query('system', `INSERT INTO base_model VALUES ('general', $1, false)`, [digest]);
  const [model] = await database.query(
    'system',
    `INSERT INTO model (organization_id, name, language, base_model, status, last_run_id, current_version_id)
       VALUES ($1, 'Heart clinic', 'en', 'general', 4, $2, $3) RETURNING id`,
    [organizationId, runId, versionId],
  );
  await database.query(
    'system',
    `INSERT INTO run (id, organization_id, model_id, state, snapshot_key, snapshot_sha256, base_model, base_digest, language, training_ms, finished_at)
       VALUES ($1, $2, $3, 'succeeded', 'k', 's', 'general', $4, 'en', 27000000, now())`,
    [runId, organizationId, model.id, digest],
  );
  const metrics = {
    word_error_rate: 12.5,
    character_error_rate: 8.3,
    accuracy_improvement: 18.7,
    base_word_error_rate: 15.4,
    base_character_error_rate: 9.9,
    test_words: 400,
    evaluated_on: 'test_set',
  };
  await database.query(
    'system',
    `INSERT INTO version (id, organization_id, model_id, run_id, number, epoch, engine, base_digest, digest, manifest_key, manifest_sha256, files, metrics, training_ms)
       VALUES ($1, $2, $3, $4, 1, 1, 'whisper', $5, $5, 'k', 's', '[]', $6, 27000000)`,
    [versionId, organizationId, model.id, runId, digest, JSON.stringify(metrics)],
  );
  return { key, organizationId, modelId: model.id };
}
