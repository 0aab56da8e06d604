import { assertNever, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';

/** `training_status` as the public API numbers it. */
export const modelStatus = { notRunning: 1, ready: 2, running: 3, succeeded: 4, failed: 5 } as const;
export type ModelStatus = (typeof modelStatus)[keyof typeof modelStatus];

/** Percentages, never fractions, and the decoded training audio that the run used. */
export interface ModelMetrics {
  wordErrorRate: number;
  characterErrorRate: number;
  accuracyImprovement: number;
  baseWordErrorRate: number;
  baseCharacterErrorRate: number;
  evaluatedOn: 'test_set' | 'held_out';
  trainingMs: number;
}

/** Where a model's live run stands. */
export interface LiveRun {
  runId: RunId;
  /** `queued` until the trainer says more. */
  stage: string;
  /** What it waits for, in the customer's words. */
  stageDetail: string | null;
  /** Null while nobody can tell. */
  etaSeconds: number | null;
  /** 1 is next; null where it does not wait, or its place was not asked for or not answered. */
  queuePosition: number | null;
  /** Its owner has asked for its end. */
  isCancelRequested: boolean;
}

/** A custom model as its owner sees it: its own row, with what its last run and its current version say about it. */
export interface Model {
  id: ModelId;
  organizationId: OrganizationId;
  name: string;
  description: string | null;
  language: string;
  baseModel: string;
  status: ModelStatus;
  createdAt: Date;
  updatedAt: Date;
  /** 0..100, of the last run. */
  progress: number;
  startedAt: Date | null;
  finishedAt: Date | null;
  /** Null while no run is live. */
  live: LiveRun | null;
  /** Of the version that serves now; null while there is none. */
  metrics: ModelMetrics | null;
  /** Why the last run failed, in the customer's words; null when it did not. */
  failure: string | null;
}

export interface NewModel {
  organizationId: OrganizationId;
  name: string;
  description: string | null;
  language: string;
  baseModel: string;
}

export interface ModelFilter {
  status?: ModelStatus | undefined;
  language?: string | undefined;
  baseModel?: string | undefined;
}

/** What may move a model from one status to another. */
export type ModelEvent = 'trainingDataStored' | 'trainingDataGone' | 'runRequested' | 'runSucceeded' | 'runFailed';

/** Every legal move. An upload never takes a model out of 3, 4 or 5: what is missing here changes nothing. */
const moves: Record<ModelEvent, Partial<Record<ModelStatus, ModelStatus>>> = {
  trainingDataStored: { 1: 2 },
  trainingDataGone: { 2: 1 },
  runRequested: { 2: 3, 4: 3, 5: 3 },
  runSucceeded: { 3: 4 },
  runFailed: { 3: 5 },
};

/** The status after `event`, or null when the event does not move a model of this status. */
export function statusAfter(status: ModelStatus, event: ModelEvent): ModelStatus | null {
  return moves[event][status] ?? null;
}

/** Where a cancelled run leaves its model: as it would be without it. */
export function statusAfterCancel(model: { hasVersion: boolean; hasTrainingData: boolean }): ModelStatus {
  if (model.hasVersion) return modelStatus.succeeded;
  return model.hasTrainingData ? modelStatus.ready : modelStatus.notRunning;
}

/** The sentence that the contract gives for each status. */
export function statusMessage(model: Pick<Model, 'status' | 'failure'>): string {
  switch (model.status) {
    case modelStatus.notRunning:
      return 'Model created. Upload training data to begin.';
    case modelStatus.ready:
      return 'Data uploaded. Ready to start training.';
    case modelStatus.running:
      return 'Training in progress...';
    case modelStatus.succeeded:
      return 'Training completed successfully';
    case modelStatus.failed:
      return model.failure ?? 'Training failed';
    default:
      return assertNever(model.status);
  }
}
