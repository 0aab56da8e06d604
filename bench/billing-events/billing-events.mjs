/**
 * Overage events end to end, none lost and none doubled, while billing, its relay and NATS are killed with SIGKILL.
 * usage: node bench/billing-events/billing-events.mjs [--events 10000] [--kills 6] [--instances 2]
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10000' },
    kills: { type: 'string', default: '6' },
    instances: { type: 'string', default: '2' },
  },
});
const EVENTS = Number(values.events);
const KILLS = Number(values.kills);
const INSTANCES = Number(values.instances);
const HOUR_MS = 3_600_000;
const PASSWORD = 'bench';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const load = createRequire(join(root, 'apps', 'billing', 'package.json'));
const { startNats, startPostgres } = createRequire(join(root, 'packages', 'testing', 'package.json'))(
  '@attune/embedded',
);
const { createDataSource, Database } = load('@attune/database');
const { delay, newId } = load('@attune/kernel');
const { connectNats, eventSubject } = load('@attune/messaging');
const { createLogger } = load('@attune/observability');
const { snapshotKey, storeFromConfig } = load('@attune/storage');
const { jetstream, jetstreamManager, AckPolicy, DeliverPolicy } = createRequire(
  join(root, 'packages', 'messaging', 'package.json'),
)('@nats-io/jetstream');
const program = (file) => join(root, 'apps', 'billing', 'dist', file);
const logger = createLogger('bench', 'silent');

const directory = mkdtempSync(join(tmpdir(), 'attune-billing-events-'));
chmodSync(directory, 0o711);
const stops = [() => rmSync(directory, { recursive: true, force: true })];

async function measure() {
  const postgres = await startPostgres({ directory: join(directory, 'postgres') });
  stops.push(() => postgres.stop());
  let nats = await startNats({ directory: join(directory, 'nats'), restart: 'never' });
  stops.push(() => nats.stop());
  const env = environment(postgres.url, nats.url);
  const migrated = spawnSync(process.execPath, [program('migrate.js')], {
    env: { ...env, DATABASE_OWNER_URL: postgres.url },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (migrated.status !== 0) throw new Error('the migrations failed');
  const processes = Array.from({ length: INSTANCES }, (_, n) => new Billing(env, n));
  stops.push(() => Promise.all(processes.map((one) => one.stop())));
  const runs = await storeRuns();
  const connection = await connectNats({ url: nats.url, name: 'bench', logger });
  stops.push(() => connection.close());
  await untilStreams(connection);
  const received = new Map();
  const reader = { stop: false, deliveries: 0 };
  const reading = read(connection, received, reader);
  const started = performance.now();
  const deadline = started + 240_000;
  const arrived = async (count) => {
    while (received.size < count && performance.now() < deadline) await delay(20);
  };
  const killing = kill(processes, arrived, async () => {
    nats.kill('SIGKILL');
    await nats.child.ended();
    nats = await startNats({ directory: join(directory, 'nats'), restart: 'never', port: nats.port });
  });
  await tell(connection, runs);
  const toldSeconds = (performance.now() - started) / 1000;
  await arrived(EVENTS);
  const seconds = (performance.now() - started) / 1000;
  const kills = await killing;
  // Whatever comes twice would come now.
  await delay(2_000);
  reader.stop = true;
  await reading;
  const books = await audit(env, runs);
  const result = {
    bench: 'billing-events',
    events: EVENTS,
    kills,
    lost: runs.filter(({ run_id }) => !received.has(run_id)).length,
    doubled: [...received.values()].filter((events) => events.size > 1).length,
    unexpected: received.size - runs.filter(({ run_id }) => received.has(run_id)).length,
    ...books,
    seconds: round(seconds),
    told_in_seconds: round(toldSeconds),
    events_per_second: Math.round(EVENTS / seconds),
    deliveries: reader.deliveries,
  };
  console.log(JSON.stringify(result));
  return (
    result.lost + result.doubled + books.doubled_in_outbox + result.unexpected === 0 &&
    books.charges === EVENTS &&
    books.transactions === EVENTS &&
    books.cents === EVENTS * 5_000 &&
    books.audit === 'ok'
  );
}

function environment(ownerUrl, natsUrl) {
  const database = new URL(ownerUrl);
  database.username = 'attune_billing';
  database.password = PASSWORD;
  return {
    PATH: process.env.PATH,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'warn',
    DATABASE_URL: database.href,
    NATS_URL: natsUrl,
    STORE_KIND: 'filesystem',
    STORE_DIRECTORY: join(directory, 'store'),
    STORE_SIGNING_SECRET: 'a-signing-secret-for-measurements',
    STORE_INTERNAL_URL: 'http://127.0.0.1:1/store',
    // Nobody answers for models-api here.
    HOLD_SECONDS: '86400',
  };
}

/** One instance, started again whenever it is killed, as a launcher does. */
class Billing {
  child = null;
  stopping = false;

  constructor(env, n) {
    this.env = env;
    this.log = openSync(join(directory, `billing-${n}.log`), 'a');
    this.start();
  }

  start() {
    if (this.stopping) return;
    this.child = spawn(process.execPath, [program('main.js')], {
      env: this.env,
      stdio: ['ignore', this.log, this.log],
    });
    this.child.once('exit', () => this.start());
  }

  kill() {
    this.child.kill('SIGKILL');
  }

  async stop() {
    this.stopping = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await exit;
  }
}

/** Eleven hours each: one above what is included. A hundred organizations, so that charges are made side by side. */
async function storeRuns() {
  const store = storeFromConfig({
    kind: 'filesystem',
    directory: join(directory, 'store'),
    signingSecret: 'a-signing-secret-for-measurements',
    publicBaseUrl: 'http://127.0.0.1:1/store',
  });
  await store.prepare();
  const organizations = Array.from({ length: 100 }, () => newId());
  const runs = [];
  for (let n = 0; n < EVENTS; n++) {
    const place = { organizationId: organizations[n % organizations.length], modelId: n + 1, runId: newId() };
    const line = {
      item_id: newId(),
      data_type: 'train',
      audio_sha256: digest(`audio ${n}`),
      audio_ms: 11 * HOUR_MS,
      normalized_key: 'k',
      normalized_sha256: digest('k'),
      transcript_key: 'k',
      transcript_sha256: digest('t'),
    };
    const { sha256 } = await store.put(snapshotKey(place), Readable.from([Buffer.from(`${JSON.stringify(line)}\n`)]));
    runs.push({
      organization_id: place.organizationId,
      model_id: place.modelId,
      run_id: place.runId,
      epoch: 1,
      base_digest: digest('base'),
      manifest_key: 'm',
      manifest_sha256: digest('m'),
      snapshot_key: snapshotKey(place),
      snapshot_sha256: sha256,
      training_ms: 11 * HOUR_MS,
      metrics: {
        word_error_rate: 5,
        character_error_rate: 2,
        accuracy_improvement: 50,
        base_word_error_rate: 10,
        base_character_error_rate: 4,
        test_words: 100,
        evaluated_on: 'test_set',
      },
    });
  }
  return runs;
}

async function untilStreams(connection) {
  for (let n = 0; n < 300; n++) {
    const manager = await jetstreamManager(connection).catch(() => null);
    const there = await manager?.streams.info('ATTUNE_BILLING_EVENTS').catch(() => null);
    if (there) return;
    await delay(100);
  }
  throw new Error('billing made no streams within 30 s');
}

/** Publishes as the trainer's relay does: again until the broker says that it is stored. */
async function tell(connection, runs) {
  const client = jetstream(connection);
  const pending = runs.map((data) => ({
    id: newId(),
    name: 'training.run-succeeded.v1',
    source: 'training',
    organization_id: data.organization_id,
    time: new Date().toISOString(),
    data,
  }));
  let next = 0;
  const lane = async () => {
    while (next < pending.length) {
      const event = pending[next++];
      for (;;) {
        const stored = await client
          .publish(eventSubject(event.name), JSON.stringify(event), { msgID: event.id, timeout: 5_000 })
          .catch(() => null);
        if (stored) break;
        await delay(100);
      }
    }
  };
  await Promise.all(Array.from({ length: 32 }, lane));
}

/** A consumer outside the platform: by run, the events that came. The same one may come again; another id, or other content, is another event. */
async function read(connection, received, reader) {
  while (!reader.stop) {
    try {
      const manager = await jetstreamManager(connection);
      await manager.consumers.add('ATTUNE_BILLING_EVENTS', {
        durable_name: 'bench',
        ack_policy: AckPolicy.Explicit,
        deliver_policy: DeliverPolicy.All,
        ack_wait: 30_000_000_000,
      });
      const consumer = await jetstream(connection).consumers.get('ATTUNE_BILLING_EVENTS', 'bench');
      while (!reader.stop) {
        for await (const message of await consumer.fetch({ max_messages: 500, expires: 1_000 })) {
          const event = message.json();
          const events = received.get(event.data.run_id) ?? new Set();
          received.set(event.data.run_id, events.add(`${event.id} ${digest(message.string())}`));
          reader.deliveries += 1;
          message.ack();
        }
      }
    } catch {
      await delay(200);
    }
  }
}

/** In turn: an instance of billing (and with it its relay), NATS, both instances at once. Spread over the events that have arrived. */
async function kill(processes, arrived, killNats) {
  const done = { billing: 0, nats: 0 };
  for (let n = 0; n < KILLS; n++) {
    await arrived((EVENTS * (n + 1)) / (KILLS + 1));
    if (n % 3 === 1) {
      await killNats();
      done.nats += 1;
    } else {
      const victims = n % 3 === 0 ? [processes[n % processes.length]] : processes;
      for (const victim of victims) victim.kill();
      done.billing += victims.length;
    }
  }
  return done;
}

async function audit(env, runs) {
  const dataSource = await createDataSource({
    url: env.DATABASE_URL,
    schema: 'billing',
    applicationName: 'bench',
  }).initialize();
  try {
    const database = new Database(dataSource);
    const [row] = await database.read('system', (tx) =>
      tx.query(
        `SELECT (SELECT count(*) FROM charge) AS charges, (SELECT count(*) FROM ledger_transaction) AS transactions,
                (SELECT sum(amount_cents)::bigint FROM charge) AS cents,
                (SELECT count(*) FROM (SELECT FROM outbox WHERE event_name = 'billing.overage-recorded.v1'
                                        GROUP BY aggregate_id HAVING count(*) > 1) AS run) AS doubled_in_outbox,
                (SELECT count(DISTINCT run_id) FROM charge WHERE run_id = ANY($1::uuid[])) AS expected`,
        [runs.map(({ run_id }) => run_id)],
      ),
    );
    const verified = spawnSync(process.execPath, [program('verify-ledger.js')], { env });
    return {
      charges: row.charges === row.expected ? row.charges : `${row.charges}, ${row.expected} of them expected`,
      transactions: row.transactions,
      cents: row.cents,
      doubled_in_outbox: row.doubled_in_outbox,
      audit: verified.status === 0 ? 'ok' : 'FAULT',
    };
  } finally {
    await dataSource.destroy();
  }
}

function digest(text) {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}

let failed = true;
try {
  failed = !(await measure());
} finally {
  for (const stop of stops.reverse()) await stop();
}
process.exitCode = failed ? 1 : 0;
