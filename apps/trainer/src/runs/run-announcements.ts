import { Injectable } from '@nestjs/common';
import { runMetrics, type EventPayload } from '@attune/events';
import { assertNever, messageOf } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import type { Tx } from '@attune/database';
import { baseDecodesKey, customDecodesKey, manifestKey, type EpochPlace } from '@attune/storage';
import { advance, type Run, type RunState, type Stage } from './run';
import type { FeedEntry } from './run-feed';
import { countRunFailure } from './run-metrics';
import { RunFeedRepository } from './run-feed.repository';
import { RunsRepository, type RunChanges } from './runs.repository';

type RunEvent =
  | 'training.run-progressed.v2'
  | 'training.run-trained.v1'
  | 'training.run-succeeded.v1'
  | 'training.run-failed.v1'
  | 'training.run-cancelled.v1';

/** What the trainer tells the other services of a run, and the run's owner by the feed; always in the transaction that makes it so. */
@Injectable()
export class RunAnnouncements {
  constructor(
    private readonly outbox: Outbox,
    private readonly runs: RunsRepository,
    private readonly feed: RunFeedRepository,
  ) {}

  /** Stores where the run stands and tells it, in the order of `sequence`. Answers the run as it is now. */
  async progress(
    tx: Tx,
    run: Run,
    to: { stage: Stage; stageDetail?: string | null; progress: number; etaSeconds: number | null },
    tell = true,
  ): Promise<Run> {
    const changes: RunChanges = {
      stage: to.stage,
      stageDetail: to.stageDetail ?? null,
      progress: advance(run.progress, to.progress),
      etaSeconds: to.etaSeconds,
    };
    if (tell) Object.assign(changes, { sequence: run.sequence + 1, progressSentAgoMs: 0 } satisfies RunChanges);
    const changed = await this.runs.change(tx, run, changes);
    if (!changed) throw new Error(`run ${run.runId} changed under its lock`);
    if (tell) await this.add(tx, 'training.run-progressed.v2', toProgressed(changed), changed);
    await this.feed.append(tx, changed, toFeedEntries(run, changed));
    return changed;
  }

  /**
   * Tells anew whatever the other services should know of the run by now: they ask again when the answer was lost. Its event is a
   * new one, because whoever dropped the first by its id may have lost what followed from it.
   */
  async tellAgain(tx: Tx, run: Run): Promise<void> {
    switch (run.state) {
      case 'succeeded':
        return this.add(tx, 'training.run-succeeded.v1', toSucceeded(run), run);
      case 'failed':
        return this.add(tx, 'training.run-failed.v1', toFailed(run), run);
      case 'queued':
      case 'preparing':
      case 'training':
      case 'evaluating':
      case 'finalizing':
        await this.progress(tx, run, run);
        return;
      case 'cancelled':
        return this.add(tx, 'training.run-cancelled.v1', scopeOf(run), run);
      case 'cancelling':
        return;
      default:
        return assertNever(run.state);
    }
  }

  async trained(tx: Tx, run: Run): Promise<void> {
    await this.add(tx, 'training.run-trained.v1', toTrained(run), run);
  }

  async succeeded(tx: Tx, run: Run): Promise<void> {
    await this.add(tx, 'training.run-succeeded.v1', toSucceeded(run), run);
    await this.feed.append(tx, run, [{ type: 'state', state: 'succeeded' }]);
  }

  async failed(tx: Tx, run: Run): Promise<void> {
    const payload = toFailed(run);
    countRunFailure(payload.failure.kind);
    await this.add(tx, 'training.run-failed.v1', payload, run);
    await this.feed.append(tx, run, [{ type: 'state', state: 'failed', message: payload.failure.message }]);
  }

  /** For the feed alone: the others hear of its end. */
  async cancelling(tx: Tx, run: Run): Promise<void> {
    await this.feed.append(tx, run, [{ type: 'state', state: 'cancelling' }]);
  }

  async cancelled(tx: Tx, run: Run): Promise<void> {
    await this.add(tx, 'training.run-cancelled.v1', scopeOf(run), run);
    await this.feed.append(tx, run, [{ type: 'state', state: 'cancelled' }]);
  }

  async modelErased(tx: Tx, scope: EventPayload<'training.model-erased.v1'>): Promise<void> {
    await this.outbox.add(tx, 'training.model-erased.v1', scope, {
      aggregateId: scope.model_id,
      organizationId: scope.organization_id,
    });
  }

  private async add<N extends RunEvent>(tx: Tx, name: N, payload: EventPayload<N>, run: Run): Promise<void> {
    await this.outbox.add(tx, name, payload, { aggregateId: run.runId, organizationId: run.organizationId });
  }
}

export function epochPlaceOf(run: Run): EpochPlace {
  return { organizationId: run.organizationId, modelId: run.modelId, runId: run.runId, epoch: run.epoch };
}

function scopeOf(run: Run): { organization_id: string; model_id: number; run_id: string } {
  return { organization_id: run.organizationId, model_id: run.modelId, run_id: run.runId };
}

/** What the feed has of a step from one place to the next: the state where it is new, and a line of the log where there is a reason. */
function toFeedEntries(before: Run, now: Run): FeedEntry[] {
  const entries: FeedEntry[] = [];
  // A run that waits for its machine is queued: its state is the same, and the log says what it waits for.
  const isNew = before.sequence === 0 || stateOf(before.stage) !== stateOf(now.stage);
  if (isNew) entries.push({ type: 'state', state: stateOf(now.stage) });
  if (now.stageDetail !== null && now.stageDetail !== before.stageDetail) {
    const level = now.stage === 'queued' ? 'warning' : 'info';
    entries.push({ type: 'log', at: null, level, stage: now.stage, message: now.stageDetail });
  }
  return entries;
}

function stateOf(stage: Stage): RunState {
  return stage === 'provisioning' ? 'queued' : stage;
}

function toProgressed(run: Run): EventPayload<'training.run-progressed.v2'> {
  return {
    ...scopeOf(run),
    sequence: run.sequence,
    stage: run.stage,
    stage_detail: run.stageDetail,
    progress: run.progress,
    eta_seconds: run.etaSeconds,
  };
}

function toTrained(run: Run): EventPayload<'training.run-trained.v1'> {
  const { delivery } = run;
  if (!delivery) throw new Error(`run ${run.runId} has delivered nothing`);
  const place = epochPlaceOf(run);
  return {
    ...scopeOf(run),
    epoch: run.epoch,
    language: run.language,
    manifest_key: manifestKey(place),
    manifest_sha256: delivery.manifestSha256,
    base_decode_key: baseDecodesKey(place),
    base_decode_sha256: delivery.baseDecodesSha256,
    custom_decode_key: customDecodesKey(place),
    custom_decode_sha256: delivery.customDecodesSha256,
    evaluated_on: delivery.evaluatedOn,
  };
}

function toSucceeded(run: Run): EventPayload<'training.run-succeeded.v1'> {
  const metrics = runMetrics.safeParse(run.metrics);
  if (!metrics.success || !run.delivery) throw new Error(`run ${run.runId} has no result: ${messageOf(metrics.error)}`);
  return {
    ...scopeOf(run),
    epoch: run.epoch,
    base_digest: run.baseDigest,
    manifest_key: manifestKey(epochPlaceOf(run)),
    manifest_sha256: run.delivery.manifestSha256,
    snapshot_key: run.snapshotKey,
    snapshot_sha256: run.snapshotSha256,
    training_ms: run.trainingMs,
    metrics: metrics.data,
  };
}

function toFailed(run: Run): EventPayload<'training.run-failed.v1'> {
  if (!run.failure) throw new Error(`run ${run.runId} has no failure`);
  return { ...scopeOf(run), failure: run.failure };
}
