import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttuneClient } from '@attune/client';
import { freePort } from '@attune/embedded';
import { delay } from '@attune/kernel';
import { speak } from '@attune/speech';
import { ScriptedEngine } from '@attune/testing';
import { Client } from 'pg';
import { readSettings } from '../env';
import { startPlatform, type Platform } from '../platform';

/** Every process that may be killed: the platform's own, and the two that live only while a run does. */
export const targets = [
  'models-api',
  'ingestion',
  'trainer',
  'evaluator',
  'billing',
  'stt',
  'nats',
  'postgres',
  'runner',
  'engine',
] as const;
export type Target = (typeof targets)[number];

/** The moments of a run at which somebody dies, in their order. */
export const moments = ['queued', 'preparing', 'training', 'decoding', 'evaluating'] as const;
export type Moment = (typeof moments)[number];

/** Runner and engine do not live at every moment. */
export function isPossible(target: Target, moment: Moment): boolean {
  if (target === 'engine') return moment === 'training' || moment === 'decoding';
  return target !== 'runner' || (moment !== 'queued' && moment !== 'evaluating');
}

const PATIENCE_MS = 120_000;

/** What a run left behind: the model's status, its versions, its usage records and charges, and whether its hold is still open. */
export interface Outcome {
  status: number;
  versions: number;
  usages: number;
  charges: number;
  openHolds: number;
}

/** A whole platform on the scripted engine, slow enough that every moment of a run can be held. */
export class KillLab {
  private constructor(
    private readonly home: string,
    private readonly platform: Platform,
    private readonly client: AttuneClient,
    private readonly modelId: number,
  ) {}

  /** `environment` says what the launcher is told beside that, such as servers that are there already. */
  static async open(environment: Record<string, string> = {}): Promise<KillLab> {
    const home = mkdtempSync(join(tmpdir(), 'attune-kill-'));
    const engine = new ScriptedEngine(home, { steps: 20, step_ms: 100, checkpoint_every: 5, item_ms: 1000 });
    const settings = readSettings({
      ...process.env,
      ATTUNE_HOME: join(home, 'attune'),
      ATTUNE_PORT: String(await freePort()),
      ...engine.variables,
      ATTUNE_MINIMUM_TRAINING_SECONDS: '1',
      ATTUNE_LEASE_SECONDS: '3',
      // Longer than a runner needs to come up and to be heard on a busy machine; what looks after runs looks as often as before.
      ATTUNE_SERVICE_ENVIRONMENT: JSON.stringify({
        trainer: { TRAINER_LEASE_MS: '15000', TRAINER_CLAIM_WITHIN_MS: '30000' },
      }),
      ...environment,
    });
    const platform = await startPlatform(settings);
    const client = new AttuneClient({ baseUrl: platform.url, apiKey: readFileSync(platform.keyFile, 'utf8').trim() });
    const { id } = await client.models.create({ name: 'Kill lab', language: 'en' });
    await uploadPairs(client, id, join(home, 'pairs'));
    return new KillLab(home, platform, client, id);
  }

  /** The processes that the launcher started. */
  get processes(): string[] {
    return [...this.platform.children.keys()];
  }

  /** Files below the folder that holds the objects where no S3 server is named. */
  storedFiles(): string[] {
    return readdirSync(join(this.home, 'attune', 'store'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
  }

  /** Starts a run, kills `target` at `moment`, waits for the end, and answers what the run left behind. */
  async killDuringRun(target: Target, moment: Moment): Promise<Outcome> {
    const runId = await this.startRun();
    const release = await this.hold(moment, runId);
    this.kill(target);
    release();
    return this.outcomeOf(runId);
  }

  /** A run that nobody disturbs. */
  async completeRun(): Promise<Outcome> {
    return this.outcomeOf(await this.startRun());
  }

  private async startRun(): Promise<string> {
    await this.client.startRun(this.modelId);
    return this.newestRun();
  }

  private async outcomeOf(runId: string): Promise<Outcome> {
    const model = await this.client.waitForRun(this.modelId, { outageSeconds: 60 });
    const count = (table: string): Promise<number> =>
      this.query(`SELECT count(*)::int AS n FROM ${table} WHERE run_id = $1`, [runId]).then((rows) =>
        Number(rows[0]?.['n']),
      );
    const deadline = performance.now() + PATIENCE_MS;
    while ((await count('billing.usage')) === 0 && performance.now() < deadline) await delay(100);
    return {
      status: model.training_status,
      versions: await count('models.version'),
      usages: await count('billing.usage'),
      charges: await count('billing.charge'),
      openHolds: await count(`(SELECT * FROM billing.hold WHERE state <> 'posted') AS open_hold`),
    };
  }

  async close(): Promise<void> {
    await this.platform.stop();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Waits for the moment and keeps it: whoever would end it is stopped (SIGSTOP) until the answered function is called. */
  private async hold(moment: Moment, runId: string): Promise<() => void> {
    switch (moment) {
      case 'queued':
        return () => undefined;
      case 'preparing':
        return freeze(await this.waitFor(() => this.pidsOf('runner')[0]));
      case 'training':
        await this.waitFor(async () => ((await this.stateOf(runId)) === 'training' ? true : undefined));
        return freeze(await this.waitFor(() => this.pidsOf('engine')[0]));
      case 'decoding':
        return freeze(await this.waitFor(() => this.pidsOf('engine', 'transcribe')[0]));
      case 'evaluating': {
        const release = freeze(await this.waitFor(() => this.pidsOf('evaluator')[0]));
        await this.waitFor(async () => ((await this.stateOf(runId)) === 'evaluating' ? true : undefined));
        return release;
      }
    }
  }

  private kill(target: Target): void {
    for (const pid of this.pidsOf(target)) process.kill(pid, 'SIGKILL');
  }

  private pidsOf(target: Target, command = ''): number[] {
    if (target !== 'runner' && target !== 'engine') {
      const pid = this.platform.children.get(target)?.pid;
      return pid === null || pid === undefined ? [] : [pid];
    }
    const trainer = this.platform.children.get('trainer')?.pid ?? 0;
    const runners = descendantsOf(trainer).filter(({ command: line }) => line.includes('runner.js'));
    if (target === 'runner') return runners.map(({ pid }) => pid);
    const wanted = (line: string): boolean => line.includes('engine.mjs') && line.includes(command);
    return runners.flatMap(({ pid }) => descendantsOf(pid).filter((one) => wanted(one.command))).map(({ pid }) => pid);
  }

  private async newestRun(): Promise<string> {
    const rows = await this.query('SELECT id FROM models.run WHERE model_id = $1 ORDER BY id DESC LIMIT 1', [
      this.modelId,
    ]);
    return String(rows[0]?.['id']);
  }

  private async stateOf(runId: string): Promise<string> {
    const rows = await this.query('SELECT state FROM training.training_run WHERE id = $1', [runId]);
    return String(rows[0]?.['state']);
  }

  private async query(sql: string, values: unknown[]): Promise<Record<string, unknown>[]> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const connection = new Client({ connectionString: this.platform.databaseUrl });
      try {
        await connection.connect();
        return (await connection.query<Record<string, unknown>>(sql, values)).rows;
      } catch (error) {
        // PostgreSQL itself may be the one that was killed.
        if (performance.now() > deadline) throw error;
        await delay(200);
      } finally {
        await connection.end().catch(() => undefined);
      }
    }
  }

  private async waitFor<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    while (performance.now() < deadline) {
      const seen = await look();
      if (seen !== undefined) return seen;
      await delay(10);
    }
    throw new Error('the moment did not come');
  }
}

async function uploadPairs(client: AttuneClient, modelId: number, directory: string): Promise<void> {
  mkdirSync(directory);
  const texts = [
    'the lungs are clear',
    'no acute fracture is seen',
    'the heart is of normal size',
    'there is a small effusion',
  ];
  for (const [index, text] of texts.entries()) {
    const audioPath = join(directory, `${String(index)}.wav`);
    const transcriptPath = join(directory, `${String(index)}.txt`);
    await speak(text, 'slt', audioPath);
    writeFileSync(transcriptPath, text);
    await client.uploadPair(modelId, { type: index === 0 ? 'test' : 'train', audioPath, transcriptPath });
  }
  await client.waitForData(modelId);
}

function freeze(pid: number): () => void {
  process.kill(pid, 'SIGSTOP');
  return () => {
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // It was the one that was killed, or it died with its parent.
    }
  };
}

interface Process {
  pid: number;
  command: string;
}

function descendantsOf(pid: number): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return [{ pid: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, 'utf8') }];
      } catch {
        return []; // It ended while we looked.
      }
    });
  const below = (parent: number): Process[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(pid);
}
