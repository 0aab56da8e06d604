import { dataStillProcessing, insufficientData, noTrainingData, planUpgradeRequired } from './run.errors';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { ModelMetrics } from '../models/model';

/** A run as models-api follows it: the trainer owns its true states. One live run a model, at most; SQL enforces it. */
export type RunState = 'live' | 'succeeded' | 'failed' | 'cancelled';

/** A run as it was asked for: its data frozen in the snapshot object. */
export interface RequestedRun {
  id: RunId;
  organizationId: OrganizationId;
  modelId: ModelId;
  snapshotKey: string;
  snapshotSha256: string;
  baseModel: string;
  baseDigest: string;
  language: string;
  trainingMs: number;
}

export interface RunProgress {
  sequence: number;
  stage: string;
  /** What it waits for, in the customer's words. */
  stageDetail: string | null;
  progress: number;
  etaSeconds: number | null;
}

export interface RunFailure {
  kind: 'data' | 'engine' | 'platform';
  message: string;
}

/** A run as its owner looks back at it. */
export interface RunRecord {
  id: RunId;
  modelId: ModelId;
  state: RunState;
  isCancelRequested: boolean;
  /** Of a live run; `queued` until the trainer says more. */
  stage: string;
  stageDetail: string | null;
  /** 0..100 */
  progress: number;
  etaSeconds: number | null;
  /** 1 is next; null where it does not wait, or nobody could be asked. */
  queuePosition: number | null;
  requestedAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  trainingMs: number;
  failure: RunFailure | null;
  /** The number of the version that it made. */
  version: number | null;
  metrics: ModelMetrics | null;
}

/** A live run that has a place in the queue. */
export function isWaiting(live: { stage: string; isCancelRequested: boolean }): boolean {
  return live.stage === 'queued' && !live.isCancelRequested;
}

/** What a model offers a run, by type of data. */
export interface RunData {
  train: { processing: number; ready: number; audioMs: number };
  test: { processing: number };
}

/** Throws PLAN_UPGRADE_REQUIRED when the plan does not include training. */
export function checkEntitlements(entitlements: { plan: string; mayTrain: boolean }): void {
  if (!entitlements.mayTrain) throw planUpgradeRequired(entitlements.plan);
}

/**
 * Throws MODEL_NOT_READY when there is no training data or a verdict is still out (the run would silently leave that pair
 * out), INSUFFICIENT_DATA when the decoded training audio is shorter than `minimumMs`.
 */
export function checkTrainingData({ train, test }: RunData, minimumMs: number): void {
  const processing = train.processing + test.processing;
  if (processing > 0) throw dataStillProcessing(processing);
  if (train.ready === 0) throw noTrainingData();
  if (train.audioMs < minimumMs) throw insufficientData(toHours(minimumMs), toHours(train.audioMs));
}

/** Hours with four decimals: a third of a second is the smallest step. */
export function toHours(ms: number): number {
  return Math.round(ms / 360) / 10_000;
}
