import { Injectable } from '@nestjs/common';
import type { OrganizationId, RunId } from '@attune/kernel';
import type { Model } from '../models/model';
import { isWaiting, type RunRecord } from './run';

/** The trainer's queue. It answers with the places that it knows, and with none when it cannot be asked. */
export abstract class TrainingQueue {
  abstract positions(organizationId: OrganizationId, runIds: readonly RunId[]): Promise<ReadonlyMap<string, number>>;
}

/** Fills in where waiting runs stand. The trainer is asked each time, and only about these: a place that was told is soon untrue. */
@Injectable()
export class QueuePositionsService {
  constructor(private readonly queue: TrainingQueue) {}

  async fillModels(organizationId: OrganizationId, models: readonly Model[]): Promise<Model[]> {
    const waiting = models.flatMap(({ live }) => (live && isWaiting(live) ? live.runId : []));
    const places = await this.ask(organizationId, waiting);
    return models.map((model) => {
      const queuePosition = model.live && places.get(model.live.runId);
      return model.live && queuePosition ? { ...model, live: { ...model.live, queuePosition } } : model;
    });
  }

  async fillRuns(organizationId: OrganizationId, runs: readonly RunRecord[]): Promise<RunRecord[]> {
    const waiting = runs.filter((run) => run.state === 'live' && isWaiting(run)).map(({ id }) => id);
    const places = await this.ask(organizationId, waiting);
    return runs.map((run) => ({ ...run, queuePosition: places.get(run.id) ?? null }));
  }

  private async ask(organizationId: OrganizationId, runIds: readonly RunId[]): Promise<ReadonlyMap<string, number>> {
    return runIds.length === 0 ? new Map() : this.queue.positions(organizationId, runIds);
  }
}
