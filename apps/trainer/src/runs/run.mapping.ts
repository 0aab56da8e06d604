import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { Delivery, Run, RunFailure, RunState, Stage } from './run';

/** A row of training_run, the columns that the domain reads. */
export interface RunRow {
  id: string;
  organization_id: string;
  model_id: number;
  state: string;
  epoch: number;
  starts: number;
  failed_attempts: number;
  host: string | null;
  pool: string | null;
  priority_class: string | null;
  ordered_ms_ago: number | null;
  has_claim_window: boolean;
  preemptions: number;
  token_hash: string | null;
  owner: string | null;
  base_model: string;
  base_digest: string;
  language: string;
  accelerator: string | null;
  seed: number;
  training_ms: number;
  snapshot_key: string;
  snapshot_sha256: string;
  stage: string;
  stage_detail: string | null;
  progress: number;
  eta_seconds: number | null;
  sequence: number;
  told_ms_ago: number;
  events_sequence: number;
  delivery: Delivery | null;
  metrics: unknown;
  failure: RunFailure | null;
}

export const runColumns = `id, organization_id, model_id, state, epoch, starts, failed_attempts, host, pool, priority_class,
  preemptions, token_hash, owner, base_model, base_digest, language, accelerator, seed, training_ms, snapshot_key, snapshot_sha256,
  stage, stage_detail, progress, eta_seconds, sequence,
  events_sequence, delivery, metrics, failure,
  (1000 * extract(epoch FROM now() - progress_sent_at))::double precision AS told_ms_ago,
  (1000 * extract(epoch FROM now() - ordered_at))::double precision AS ordered_ms_ago, claim_until IS NOT NULL AS has_claim_window`;

export function fromRowRun(row: RunRow): Run {
  return {
    runId: row.id as RunId,
    organizationId: row.organization_id as OrganizationId,
    modelId: row.model_id as ModelId,
    // The column's CHECK allows these values only.
    state: row.state as RunState,
    stage: row.stage as Stage,
    stageDetail: row.stage_detail,
    epoch: row.epoch,
    starts: row.starts,
    failedAttempts: row.failed_attempts,
    host: row.host,
    pool: row.pool,
    priorityClass: row.priority_class,
    orderedMsAgo: row.ordered_ms_ago,
    hasClaimWindow: row.has_claim_window,
    preemptions: row.preemptions,
    tokenHash: row.token_hash,
    owner: row.owner,
    baseModel: row.base_model,
    baseDigest: row.base_digest,
    language: row.language,
    accelerator: row.accelerator,
    seed: row.seed,
    trainingMs: row.training_ms,
    snapshotKey: row.snapshot_key,
    snapshotSha256: row.snapshot_sha256,
    progress: row.progress,
    etaSeconds: row.eta_seconds,
    sequence: row.sequence,
    toldMsAgo: row.told_ms_ago,
    eventsSequence: row.events_sequence,
    delivery: row.delivery,
    metrics: row.metrics,
    failure: row.failure,
  };
}
