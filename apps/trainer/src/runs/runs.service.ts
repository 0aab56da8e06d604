import { Injectable } from '@nestjs/common';
import type { EventPayload } from '@attune/events';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import { noteStale } from '@attune/messaging';
import type { Tx } from '@attune/database';
import { CancellationsRepository } from './cancellations.repository';
import { RunAnnouncements } from './run-announcements';
import { RunCancellationsService } from './run-cancellations.service';
import { RunFeedRepository } from './run-feed.repository';
import { reasons } from './run-reasons';
import type { Run } from './run';
import { RunsRepository, type NewRun } from './runs.repository';

const FINALIZING_PROGRESS = 99;

/** What the other services' events mean for a run. */
@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunsRepository,
    private readonly announcements: RunAnnouncements,
    private readonly feed: RunFeedRepository,
    private readonly cancellations: CancellationsRepository,
    private readonly canceller: RunCancellationsService,
  ) {}

  /** Queues the run. A run that is known already is told of again: whoever asks has missed something. */
  async requestRun(tx: Tx, request: NewRun): Promise<void> {
    await this.cancellations.takeTurn(tx, request.runId);
    if (await this.runs.isErased(tx, request.modelId)) return;
    const isNew = await this.runs.insert(tx, request);
    const run = await this.runs.lock(tx, request.runId);
    if (!run) throw new Error(`run ${request.runId} is gone`);
    if (!isNew) await this.announcements.tellAgain(tx, run);
    else await this.queue(tx, run);
    await this.runs.wake(tx);
  }

  /** The evaluation is in: the run has succeeded. One of another epoch, or of a run that is past it, is stale and changes nothing. */
  async finishRun(tx: Tx, evaluation: EventPayload<'evaluation.completed.v1'>): Promise<void> {
    const run = await this.awaiting(tx, 'evaluation.completed.v1', evaluation);
    if (!run) return;
    const finalizing = await this.runs.move(tx, run, 'finalizing', 'evaluated');
    if (!finalizing) return;
    const told = await this.announcements.progress(tx, finalizing, {
      stage: 'finalizing',
      progress: FINALIZING_PROGRESS,
      etaSeconds: 0,
    });
    const changes = { metrics: evaluation.metrics, progress: 100, etaSeconds: 0 };
    const succeeded = await this.runs.move(tx, told, 'succeeded', 'version complete', changes);
    if (succeeded) await this.announcements.succeeded(tx, succeeded);
  }

  async failEvaluation(tx: Tx, evaluation: EventPayload<'evaluation.failed.v1'>): Promise<void> {
    const run = await this.awaiting(tx, 'evaluation.failed.v1', evaluation);
    if (!run) return;
    const failure = { kind: 'platform' as const, message: reasons.evaluation(evaluation.message) };
    const failed = await this.runs.move(tx, run, 'failed', 'evaluation failed', { failure });
    if (failed) await this.announcements.failed(tx, failed);
  }

  /** Forgets the model's runs. Runners of live ones are stopped: at once by their executor, at the latest by their next heartbeat. */
  async eraseModel(tx: Tx, organizationId: OrganizationId, modelId: ModelId): Promise<void> {
    await this.runs.eraseModel(tx, organizationId, modelId);
    await this.feed.eraseModel(tx, organizationId, modelId);
    await this.cancellations.eraseModel(tx, organizationId, modelId);
    await this.announcements.modelErased(tx, { organization_id: organizationId, model_id: modelId });
    await this.runs.wake(tx);
  }

  private async queue(tx: Tx, run: Run): Promise<void> {
    const queued = await this.announcements.progress(tx, run, run);
    if (await this.cancellations.takeEarly(tx, run.runId)) await this.canceller.cancel(tx, queued);
  }

  private async awaiting(
    tx: Tx,
    name: 'evaluation.completed.v1' | 'evaluation.failed.v1',
    evaluation: { run_id: string; epoch: number },
  ): Promise<Run | null> {
    const run = await this.runs.lock(tx, evaluation.run_id as RunId);
    if (run?.state === 'evaluating' && run.epoch === evaluation.epoch) return run;
    noteStale(name);
    return null;
  }
}
