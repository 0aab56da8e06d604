import type { Database, Tx } from '@attune/database';
import type { EventPayload, RunMetrics } from '@attune/events';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import { eventually } from '@attune/testing';
import { LostStartsService } from '../reconciler/lost-starts.service';
import { ClaimsService } from '../runners/claims.service';
import { Fence } from '../runners/fence';
import { RunnerEventsService } from '../runners/runner-events.service';
import { AttemptsService } from '../runs/attempts.service';
import { CancellationsRepository } from '../runs/cancellations.repository';
import { RunAnnouncements } from '../runs/run-announcements';
import { RunCancellationsService } from '../runs/run-cancellations.service';
import { RunFeedRepository } from '../runs/run-feed.repository';
import type { Run } from '../runs/run';
import { RunsConsumer } from '../runs/runs.consumer';
import { RunsRepository } from '../runs/runs.repository';
import { RunsService } from '../runs/runs.service';
import type { Executor } from '../starts/executor';

interface Place {
  organizationId: OrganizationId;
  modelId: ModelId;
  runId: RunId;
}

const DIGEST = `sha256:${'0'.repeat(64)}`;
const settings = {
  leaseMs: 60_000,
  claimWithinMs: 60_000,
  reconcileEveryMs: 60_000,
  evaluationReminderMs: 60_000,
  maxFailedAttempts: 3,
};

const elsewhere: Pick<Executor, 'host' | 'observe' | 'isCurrent'> = {
  host: 'another',
  observe: () => Promise.resolve({ kind: 'unknown' }),
  isCurrent: () => true,
};

/** The trainer's services on a real database, without processes: every call may come in any state, as in life. */
export class Trainer {
  readonly consumer: RunsConsumer;
  private readonly runs: RunsRepository;
  private readonly announcements: RunAnnouncements;
  private readonly service: RunsService;
  private readonly claims: ClaimsService;
  private readonly events: RunnerEventsService;
  private readonly cancellations: RunCancellationsService;
  private readonly lostStarts: LostStartsService;

  /** `executor`: how starts are seen from here; by default they are another host's. */
  constructor(
    private readonly database: Database,
    executor: Pick<Executor, 'host' | 'observe' | 'isCurrent'> = elsewhere,
  ) {
    const feed = new RunFeedRepository(database);
    const cancelled = new CancellationsRepository(database);
    this.runs = new RunsRepository(database);
    this.announcements = new RunAnnouncements(new Outbox('training'), this.runs, feed);
    const attempts = new AttemptsService(this.runs, this.announcements, settings);
    this.lostStarts = new LostStartsService(database, this.runs, attempts, executor as Executor);
    this.cancellations = new RunCancellationsService(database, this.runs, cancelled, this.announcements);
    this.service = new RunsService(this.runs, this.announcements, feed, cancelled, this.cancellations);
    this.consumer = new RunsConsumer(this.service, this.cancellations);
    const fence = new Fence(database, this.runs);
    const bases = { resolve: () => Promise.resolve({ engine: 'e', languages: ['en'], digest: DIGEST, files: [] }) };
    this.claims = new ClaimsService(
      database,
      this.runs,
      this.announcements,
      attempts,
      bases as never,
      { newest: () => Promise.resolve(null) } as never,
      fence,
      executor as Executor,
      settings,
    );
    this.events = new RunnerEventsService(fence, this.runs, feed, this.announcements);
  }

  request(place: Place): Promise<void> {
    return this.in((tx) =>
      this.service.requestRun(tx, {
        ...place,
        snapshotKey: 'k',
        snapshotSha256: DIGEST,
        baseModel: 'general',
        baseDigest: DIGEST,
        language: 'en',
        trainingMs: 1,
        accelerator: null,
        seed: 17,
      }),
    );
  }

  /** Orders a start, as the starter does when it is the run's turn. */
  async start(runId: RunId): Promise<void> {
    await this.in(async (tx) => {
      const run = await this.runs.lock(tx, runId);
      if (run?.state !== 'queued' || run.host !== null) return;
      await this.runs.change(tx, run, {
        starts: run.starts + 1,
        host: 'host',
        tokenHash: 'hash',
        claimWithinMs: settings.claimWithinMs,
      });
    });
  }

  async claim(runId: RunId): Promise<void> {
    await this.asRunner(runId, (start) => this.claims.claim(start, newId()));
  }

  async report(runId: RunId, stage: 'training'): Promise<void> {
    await this.asRunner(runId, (start, run) =>
      this.events.record(start, run.epoch, run.eventsSequence + 1, [{ type: 'stage', stage }]),
    );
  }

  /** The runner has delivered, and what it delivered is verified. */
  async deliver(runId: RunId): Promise<void> {
    const delivery = {
      manifestSha256: DIGEST,
      baseDecodesSha256: DIGEST,
      customDecodesSha256: DIGEST,
      evaluatedOn: 'test_set' as const,
    };
    await this.in(async (tx) => {
      const run = await this.runs.lock(tx, runId);
      if (run?.state !== 'training' || run.host === null) return;
      const delivered = await this.runs.change(tx, run, { delivery, leaseMs: null });
      if (delivered) await this.runs.move(tx, delivered, 'evaluating', 'test', { host: null, owner: null });
    });
  }

  /** Of the run's current epoch, if no other is named. */
  async evaluated(place: Place, metrics: RunMetrics, epoch?: number): Promise<void> {
    const evaluation = { ...scopeOf(place), epoch: epoch ?? (await this.epochOf(place.runId)), metrics };
    await this.in((tx) => this.service.finishRun(tx, evaluation));
  }

  async evaluationFailed(place: Place, epoch?: number): Promise<void> {
    const evaluation = { ...scopeOf(place), epoch: epoch ?? (await this.epochOf(place.runId)), message: 'no words' };
    await this.in((tx) => this.service.failEvaluation(tx, evaluation));
  }

  async giveUp(runId: RunId, kind: 'data' | 'interrupted'): Promise<void> {
    await this.asRunner(runId, (start, run) => this.claims.giveUp(start, run.epoch, { kind, message: 'x' }));
  }

  /** The start falls silent for longer than it may, and the reconciler looks. */
  async expire(runId: RunId): Promise<void> {
    await this.database.query(
      'system',
      `UPDATE training_run SET claim_until = CASE WHEN claim_until IS NOT NULL THEN now() - interval '1 s' END,
              lease_until = CASE WHEN lease_until IS NOT NULL THEN now() - interval '1 s' END WHERE id = $1`,
      [runId],
    );
    await this.lostStarts.takeBack();
    await this.cancellations.confirmAbandoned();
  }

  cancel(place: Place): Promise<void> {
    return this.in((tx) => this.cancellations.requestCancel(tx, place));
  }

  /** The host says that nothing of the run is at work any more. */
  async confirm(runId: RunId): Promise<void> {
    const run = await this.runs.find(runId);
    if (run) await this.cancellations.confirm(run);
  }

  erase({ organizationId, modelId }: Place): Promise<void> {
    return this.in((tx) => this.service.eraseModel(tx, organizationId, modelId));
  }

  async stateOf(runId: RunId): Promise<Run['state'] | null> {
    return (await this.runs.find(runId))?.state ?? null;
  }

  async movesOf(runId: RunId): Promise<string[]> {
    const rows = await this.database.query<{ move: string }>(
      'system',
      `SELECT from_state || '>' || to_state AS move FROM run_transition WHERE run_id = $1 ORDER BY position`,
      [runId],
    );
    return rows.map(({ move }) => move);
  }

  /** The states of the run that its owner was told in the feed, in the feed's order. */
  async statesToldOf(runId: RunId): Promise<string[]> {
    const rows = await this.database.query<{ state: string }>(
      'system',
      `SELECT state FROM run_event WHERE run_id = $1 AND type = 'state' ORDER BY position`,
      [runId],
    );
    return rows.map(({ state }) => state);
  }

  /** The names of the ends of the run that were told to others. */
  async endsTold(runId: RunId): Promise<string[]> {
    const rows = await this.database.query<{ name: string }>(
      'system',
      `SELECT event_name AS name FROM outbox WHERE aggregate_id = $1
          AND event_name IN ('training.run-succeeded.v1', 'training.run-failed.v1', 'training.run-cancelled.v1')`,
      [runId],
    );
    return rows.map(({ name }) => name);
  }

  /** Holds the run's lock until `fn` has put its actions into line behind it; answers how they ended. */
  async whileLocked(
    runId: RunId,
    fn: (untilWaiting: (count: number) => Promise<void>) => Promise<Promise<void>[]>,
  ): Promise<PromiseSettledResult<void>['status'][]> {
    let waiting: Promise<void>[] = [];
    await this.in(async (tx) => {
      await this.runs.lock(tx, runId);
      waiting = await fn((count) => untilWaiting(this.database, count));
    });
    return (await Promise.allSettled(waiting)).map(({ status }) => status);
  }

  private async epochOf(runId: RunId): Promise<number> {
    return (await this.runs.find(runId))?.epoch ?? 1;
  }

  private in<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
    return this.database.runInTransaction('system', fn);
  }

  /** A call of the run's current start; what is refused because it is over is refused, and nothing more. */
  private async asRunner(
    runId: RunId,
    call: (start: { runId: RunId; start: number }, run: Run) => Promise<unknown>,
  ): Promise<void> {
    const run = await this.runs.find(runId);
    // The guard lets nobody in without the token of a start that is not over.
    if (run?.tokenHash == null) return;
    try {
      await call({ runId, start: run.starts }, run);
    } catch (error) {
      if (!(error instanceof Error && error.name === 'Superseded')) throw error;
    }
  }
}

/** Resolves when so many transactions of the test's database wait for a lock that another one holds. */
export async function untilWaiting(database: Database, count: number): Promise<void> {
  await eventually(async () => {
    const rows = await database.query(
      'system',
      `SELECT FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`,
    );
    if (rows.length < count) throw new Error(`${String(rows.length)} wait`);
  });
}

function scopeOf({
  organizationId,
  modelId,
  runId,
}: Place): Pick<EventPayload<'evaluation.failed.v1'>, 'organization_id' | 'model_id' | 'run_id'> {
  return { organization_id: organizationId, model_id: modelId, run_id: runId };
}
