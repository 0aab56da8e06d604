/** What a trainer needs around it: PostgreSQL, NATS, a store, a base, recordings, and a peer that asks for runs. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const load = createRequire(join(root, 'apps', 'trainer', 'package.json'));
const { startNats, startPostgres, freePort } = load('@attune/embedded');
const { createDataSource, Database, migrate } = load('@attune/database');
const { connectNats, Messaging, messagingRowSecurity, messagingTables, Outbox, Rpc } = load('@attune/messaging');
const { createLogger } = load('@attune/observability');
const { audioKey, baseKey, snapshotKey, storeFromConfig, transcriptKey } = load('@attune/storage');
const { newId } = load('@attune/kernel');
const { migrations } = createRequire(import.meta.url)(join(root, 'apps', 'trainer', 'dist', 'migrations', 'all.js'));
const { generateDataset } = createRequire(join(root, 'deploy', 'demo', 'package.json'))('@attune/speech');

export const engine = join(root, 'apps', 'engine-whisper', 'bin', 'engine-whisper');
export const trainerProgram = join(root, 'apps', 'trainer', 'dist', 'main.js');
const PASSWORD = 'bench';

/** The demo's speech as ingestion leaves it: 16 kHz mono FLAC. One recording is the test set: evaluation is not what is measured. */
export async function makeRecordings(work, minutes) {
  const directory = join(work, 'speech');
  const manifest = await generateDataset({ directory, seed: 7, minutes });
  mkdirSync(join(work, 'flac'));
  const all = manifest.items
    .filter(({ set }) => set === 'train' || set === 'test')
    .map((item) => {
      const source = join(directory, item.audio);
      const audio = join(work, 'flac', `${item.set}-${basename(item.audio).replace(/\.[^.]+$/, '')}.flac`);
      const { status, stderr } = spawnSync('ffmpeg', [
        '-v',
        'error',
        '-y',
        '-i',
        source,
        '-ac',
        '1',
        '-ar',
        '16000',
        audio,
      ]);
      if (status !== 0) throw new Error(`ffmpeg: ${stderr}`);
      const transcript = readFileSync(source.replace(/\.[^.]+$/, '.txt'), 'utf8').trim();
      return { set: item.set, audio, ms: Math.round(item.seconds * 1000), transcript };
    });
  return { train: all.filter(({ set }) => set === 'train'), test: all.filter(({ set }) => set === 'test').slice(0, 1) };
}

export async function startPeers(work) {
  const [postgres, nats, port] = await Promise.all([
    startPostgres({ directory: join(work, 'postgres') }),
    startNats({ directory: join(work, 'nats') }),
    freePort(),
  ]);
  const trainerUrl = `http://127.0.0.1:${port}`;
  const urlOf = async (schema, steps) => {
    const serviceRole = `attune_${schema}`;
    await migrate({ ownerUrl: postgres.url, schema, migrations: steps, serviceRole, servicePassword: PASSWORD });
    const url = new URL(postgres.url);
    url.username = serviceRole;
    url.password = PASSWORD;
    return url.href;
  };
  const trainingUrl = await urlOf('training', migrations);
  const modelsUrl = await urlOf('models', [{ name: '0001-messaging', sql: messagingTables + messagingRowSecurity }]);
  const open = async (url, schema) =>
    new Database(await createDataSource({ url, schema, applicationName: 'bench' }).initialize());
  const training = await open(trainingUrl, 'training');
  const models = await open(modelsUrl, 'models');
  const storeConfig = {
    kind: 'filesystem',
    directory: join(work, 'store'),
    signingSecret: 'bench'.repeat(8),
    publicBaseUrl: trainerUrl,
  };
  mkdirSync(storeConfig.directory);
  const store = storeFromConfig(storeConfig);
  const base = await storeBase(store);

  const logger = createLogger('bench', 'silent');
  const connection = await connectNats({ url: nats.url, name: 'bench', logger });
  const messaging = new Messaging({ service: 'models', database: models, connection, logger });
  await messaging.start([]);
  new Rpc(connection, 'models', logger).serve('models.resolve-base', async ({ digest }) => ({
    engine: base.engine,
    languages: base.languages,
    digest,
    files: base.files,
  }));
  const publish = (name, data) =>
    models.runInTransaction('system', (tx) =>
      new Outbox(name.split('.')[0]).add(tx, name, data, {
        aggregateId: data.run_id,
        organizationId: data.organization_id,
      }),
    );

  return {
    base,
    trainerUrl,
    trainerEnvironment: {
      PORT: String(port),
      DATABASE_URL: trainingUrl,
      NATS_URL: nats.url,
      STORE_KIND: 'filesystem',
      STORE_DIRECTORY: storeConfig.directory,
      STORE_SIGNING_SECRET: storeConfig.signingSecret,
      STORE_INTERNAL_URL: storeConfig.publicBaseUrl,
    },
    requestRun: async (recordings) => {
      const request = await storeRun(store, recordings, base);
      await publish('models.run-requested.v1', request);
      return { id: request.run_id, request };
    },
    stateOf: async (id) =>
      (await training.query('system', 'SELECT state FROM training_run WHERE id = $1', [id]))[0]?.state ?? 'none',
    /** Ends the run, so that its permit and place are free. */
    finish: ({ request: { organization_id, model_id, run_id } }) =>
      publish('evaluation.failed.v1', { organization_id, model_id, run_id, epoch: 1, message: 'not evaluated' }),
    stop: async () => {
      await messaging.stop();
      await connection.close();
      await Promise.all([training.dataSource.destroy(), models.dataSource.destroy()]);
      await Promise.all([postgres.stop(), nats.stop()]);
    },
  };
}

async function storeBase(store) {
  const directory = join(
    process.env.ATTUNE_CACHE_DIR ?? join(homedir(), '.cache', 'attune'),
    'bases',
    'whisper-tiny.en',
  );
  const { status, stderr } = spawnSync(engine, ['base', 'default', '--output', directory], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the base cannot be made: ${stderr}`);
  const { digest, engine: name, languages } = JSON.parse(readFileSync(join(directory, 'base.json'), 'utf8'));
  const files = [];
  for (const path of filesBelow(directory)) {
    const key = baseKey(digest, path);
    files.push({ path, key, ...(await store.put(key, createReadStream(join(directory, path)))) });
  }
  return { digest, engine: name, languages, files };
}

function filesBelow(directory) {
  return readdirSync(directory, { recursive: true })
    .map((path) => join(directory, String(path)))
    .filter((path) => statSync(path).isFile())
    .map((path) => relative(directory, path));
}

let models = 0;

async function storeRun(store, { train, test }, base) {
  const place = { organizationId: newId(), modelId: (models += 1) };
  const lines = [];
  for (const recording of [...train, ...test]) {
    const item = { ...place, itemId: newId() };
    const audio = await store.put(audioKey(item), createReadStream(recording.audio));
    const transcript = await store.put(transcriptKey(item), Readable.from(Buffer.from(recording.transcript)));
    lines.push({
      item_id: item.itemId,
      data_type: recording.set,
      audio_sha256: `sha256:${createHash('sha256').update(item.itemId).digest('hex')}`,
      audio_ms: recording.ms,
      normalized_key: audioKey(item),
      normalized_sha256: audio.sha256,
      transcript_key: transcriptKey(item),
      transcript_sha256: transcript.sha256,
    });
  }
  const runId = newId();
  const key = snapshotKey({ ...place, runId });
  const snapshot = await store.put(
    key,
    Readable.from(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))),
  );
  return {
    organization_id: place.organizationId,
    model_id: place.modelId,
    run_id: runId,
    snapshot_key: key,
    snapshot_sha256: snapshot.sha256,
    base_model: 'general',
    base_digest: base.digest,
    language: 'en',
    training_ms: train.reduce((sum, { ms }) => sum + ms, 0),
  };
}
