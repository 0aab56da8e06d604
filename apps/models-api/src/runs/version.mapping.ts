import type { RunMetrics } from '@attune/events';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { Version } from './version';
import type { VersionEntity } from './version.entity';

export function fromRowVersion(row: VersionEntity): Version<RunMetrics> {
  return {
    id: row.id,
    organizationId: row.organizationId as OrganizationId,
    modelId: row.modelId as ModelId,
    runId: row.runId as RunId,
    epoch: row.epoch,
    engine: row.engine,
    baseDigest: row.baseDigest,
    digest: row.digest,
    manifestKey: row.manifestKey,
    manifestSha256: row.manifestSha256,
    files: row.files,
    metrics: row.metrics,
    trainingMs: row.trainingMs,
  };
}
