/**
 * Ingestion against bare ffmpeg: one hour of MP3 as 200 pairs goes through the service (events in, store, sandboxed decode, reports,
 * events out) with two workers, and the same files through plain ffmpeg processes, two at a time. usage:
 * node bench/ingestion/throughput.mjs [--pairs 200] [--minutes 60] [--workers 2] [--rounds 3]
 * Prints what it does and, last, one JSON line. About two minutes. `npm test` or `npm run demo` must have set things up.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { median } from '../statistics.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const load = createRequire(join(root, 'apps', 'ingestion', 'package.json'));
const { startNats, startPostgres, freePort } = load('@attune/embedded');
const { createDataSource, Database, migrate } = load('@attune/database');
const { connectNats, Messaging, messagingRowSecurity, messagingTables, Outbox } = load('@attune/messaging');
const { createLogger } = load('@attune/observability');
const { storeFromConfig, uploadAudioKey, uploadTranscriptKey } = load('@attune/storage');
const { delay, newId } = load('@attune/kernel');
const { migrations } = load(join(root, 'apps', 'ingestion', 'dist', 'migrations', 'all.js'));
const program = join(root, 'apps', 'ingestion', 'dist', 'main.js');
const PASSWORD = 'bench';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '200' },
    minutes: { type: 'string', default: '60' },
    workers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
  },
});
const [pairs, minutes, workers, rounds] = [values.pairs, values.minutes, values.workers, values.rounds].map(Number);
const work = mkdtempSync(join(tmpdir(), 'attune-ingestion-bench-'));
const stops = [];

try {
  const recordings = makeRecordings();
  const platform = await startPeers();
  const [service, bare] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await throughFfmpeg(recordings));
    service.push(await throughIngestion(platform, recordings));
    console.log(`round ${round + 1}: ffmpeg ${bare[round].toFixed(1)} s, ingestion ${service[round].toFixed(1)} s`);
  }
  const [ffmpegSeconds, ingestionSeconds] = [median(bare), median(service)];
  console.log(
    JSON.stringify({
      bench: 'ingestion',
      pairs,
      audio_minutes: minutes,
      workers,
      rounds,
      ffmpeg_seconds: ffmpegSeconds,
      ingestion_seconds: ingestionSeconds,
      times_real_time: (minutes * 60) / ingestionSeconds,
      ratio: ffmpegSeconds / ingestionSeconds,
      promise: 0.5,
    }),
  );
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(work, { recursive: true, force: true });
}

/** Speech of one Debian voice, repeated to the length of a pair, each pair a little different, as 128 kbit/s MP3. */
function makeRecordings() {
  const seconds = (minutes * 60) / pairs;
  const wav = join(work, 'speech.wav');
  const sentence =
    'The patient was seen in the clinic today and reports that the pain in the left shoulder is better than before. ';
  execFileSync('flite', ['-voice', 'slt', '-t', sentence.repeat(10), '-o', wav]);
  mkdirSync(join(work, 'mp3'));
  return Array.from({ length: pairs }, (_, i) => {
    const path = join(work, 'mp3', `${i}.mp3`);
    const input = ['-stream_loop', '-1', '-i', wav, '-t', String(seconds)];
    const change = ['-af', `volume=${0.5 + i / (2 * pairs)}`, '-ar', '44100', '-b:a', '128k'];
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...input, ...change, path]);
    return { path, transcript: sentence.repeat(Math.ceil(seconds / 7)) };
  });
}

/** What somebody would write without us: the same conversion by plain ffmpeg, as many at a time as ingestion has workers. */
async function throughFfmpeg(recordings) {
  const run = promisify(execFile);
  const queue = [...recordings.keys()];
  const output = join(work, 'bare');
  mkdirSync(output, { recursive: true });
  const started = performance.now();
  const worker = async () => {
    for (let i = queue.shift(); i !== undefined; i = queue.shift()) {
      const conversion = ['-ac', '1', '-ar', '16000', '-sample_fmt', 's16', join(output, `${i}.flac`)];
      await run('ffmpeg', ['-nostdin', '-v', 'error', '-y', '-i', recordings[i].path, ...conversion]);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return (performance.now() - started) / 1000;
}

/** From the first event to the last report. The uploads lie in quarantine before the clock starts: taking them in is models-api's. */
async function throughIngestion({ store, models, ingestion }, recordings) {
  const uploads = [];
  for (const { path, transcript } of recordings) uploads.push(await quarantine(store, path, transcript));
  const outbox = new Outbox('models');
  const started = performance.now();
  for (const upload of uploads) {
    await models.runInTransaction('system', (tx) =>
      outbox.add(tx, 'models.data-uploaded.v1', upload, {
        aggregateId: upload.item_id,
        organizationId: upload.organization_id,
      }),
    );
  }
  const ids = uploads.map((upload) => upload.item_id);
  for (;;) {
    const [{ count }] = await ingestion.query(
      'system',
      `SELECT count(*)::int AS count FROM ingestion_report WHERE item_id = ANY($1) AND outcome = 'validated'`,
      [ids],
    );
    if (count === pairs) return (performance.now() - started) / 1000;
    if (performance.now() - started > 600_000) throw new Error(`only ${count} of ${pairs} pairs were validated`);
    await delay(50);
  }
}

async function quarantine(store, path, transcript) {
  const place = { organizationId: newId(), modelId: 1, itemId: newId() };
  const audio = await store.put(uploadAudioKey(place), createReadStream(path));
  await store.put(uploadTranscriptKey(place), Readable.from([Buffer.from(transcript)]));
  return {
    organization_id: place.organizationId,
    model_id: place.modelId,
    item_id: place.itemId,
    data_type: 'train',
    audio_key: uploadAudioKey(place),
    transcript_key: uploadTranscriptKey(place),
    audio_sha256: audio.sha256,
    audio_bytes: audio.bytes,
  };
}

/** PostgreSQL and NATS as the launcher runs them, durable; ingestion's built program; models-api's side of the bus. */
async function startPeers() {
  const [postgres, nats, port] = await Promise.all([
    startPostgres({ directory: join(work, 'postgres') }),
    startNats({ directory: join(work, 'nats') }),
    freePort(),
  ]);
  stops.push(
    () => postgres.stop(),
    () => nats.stop(),
  );
  const urlOf = async (schema, steps) => {
    const serviceRole = `attune_${schema}`;
    await migrate({ ownerUrl: postgres.url, schema, migrations: steps, serviceRole, servicePassword: PASSWORD });
    const url = new URL(postgres.url);
    url.username = serviceRole;
    url.password = PASSWORD;
    return url.href;
  };
  const open = async (url, schema) => {
    const dataSource = await createDataSource({ url, schema, applicationName: 'bench' }).initialize();
    stops.push(() => dataSource.destroy());
    return new Database(dataSource);
  };
  const ingestionUrl = await urlOf('ingestion', migrations);
  const ingestion = await open(ingestionUrl, 'ingestion');
  const models = await open(
    await urlOf('models', [{ name: '0001-messaging', sql: messagingTables + messagingRowSecurity }]),
    'models',
  );

  const logger = createLogger('bench', 'silent');
  const connection = await connectNats({ url: nats.url, name: 'bench', logger });
  const messaging = new Messaging({ service: 'models', database: models, connection, logger });
  await messaging.start([]);
  stops.push(async () => {
    await messaging.stop();
    await connection.close();
  });

  const storeEnvironment = {
    STORE_KIND: 'filesystem',
    STORE_DIRECTORY: join(work, 'store'),
    STORE_SIGNING_SECRET: 'bench'.repeat(8),
    STORE_INTERNAL_URL: 'http://127.0.0.1',
  };
  const store = storeFromConfig({
    kind: 'filesystem',
    directory: storeEnvironment.STORE_DIRECTORY,
    signingSecret: storeEnvironment.STORE_SIGNING_SECRET,
    publicBaseUrl: storeEnvironment.STORE_INTERNAL_URL,
  });
  await store.prepare();
  await startService({
    ...storeEnvironment,
    PATH: process.env.PATH,
    PORT: String(port),
    DATABASE_URL: ingestionUrl,
    NATS_URL: nats.url,
    WORK_DIRECTORY: join(work, 'work'),
    CONCURRENCY: String(workers),
    LOG_LEVEL: 'warn',
  });
  return { store, models, ingestion };
}

async function startService(env) {
  const logFile = join(work, 'ingestion.log');
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', log, log] });
  stops.push(
    () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGTERM');
      }),
  );
  for (let tries = 0; tries < 200; tries += 1) {
    const ready = await fetch(`http://127.0.0.1:${env.PORT}/healthz/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return;
    await delay(100);
  }
  throw new Error(`ingestion did not start:\n${readFileSync(logFile, 'utf8')}`);
}
