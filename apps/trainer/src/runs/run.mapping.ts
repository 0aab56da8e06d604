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
  token_hash: string | null;
  owner: string | null;
  base_model: string;
  base_digest: string;
  language: string;
  seed: number;
  training_ms: number;
  snapshot_key: string;
  snapshot_sha256: string;
  stage: string;
  progress: number;
  eta_seconds: number | null;
  sequence: number;
  told_ms_ago: number;
  events_sequence: number;
  delivery: Delivery | null;
  metrics: unknown;
  failure: RunFailure | null;
}

export const runColumns = `id, organization_id, model_id, state, epoch, starts, failed_attempts, host, token_hash, owner,
  base_model, base_digest, language, seed, training_ms, snapshot_key, snapshot_sha256, stage, progress, eta_seconds, sequence,
  events_sequence, delivery, metrics, failure,
  (1000 * extract(epoch FROM now() - progress_sent_at))::double precision AS told_ms_ago`;

export function fromRowRun(row: RunRow): Run {
  return {
    runId: row.id as RunId,
    organizationId: row.organization_id as OrganizationId,
    modelId: row.model_id as ModelId,
    // The column's CHECK allows these values only.
    state: row.state as RunState,
    stage: row.stage as Stage,
    epoch: row.epoch,
    starts: row.starts,
    failedAttempts: row.failed_attempts,
    host: row.host,
    tokenHash: row.token_hash,
    owner: row.owner,
    baseModel: row.base_model,
    baseDigest: row.base_digest,
    language: row.language,
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
