import { snapshotItem, type EventPayload, type ToldRun } from '@attune/events';
import type { ItemId, ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { SucceededRun, UsageItem } from './usage';

/** A line of a run's snapshot as a used recording; null for test data. Throws when the line is none of a snapshot. */
export function fromSnapshotLine(line: string): UsageItem | null {
  const item = snapshotItem.parse(JSON.parse(line));
  if (item.data_type !== 'train') return null;
  return { itemId: item.item_id as ItemId, audioSha256: item.audio_sha256, audioMs: item.audio_ms };
}

/** `time` is the event's own: the moment at which the trainer said so first. */
export function fromEventSucceeded(data: EventPayload<'training.run-succeeded.v1'>, time: string): SucceededRun {
  return fromToldRun({ ...data, succeeded_at: time });
}

export function fromToldRun(run: ToldRun & { organization_id: string; model_id: number }): SucceededRun {
  return {
    runId: run.run_id as RunId,
    organizationId: run.organization_id as OrganizationId,
    modelId: run.model_id as ModelId,
    snapshotKey: run.snapshot_key,
    snapshotSha256: run.snapshot_sha256,
    trainingMs: run.training_ms,
    succeededAt: new Date(run.succeeded_at),
  };
}
