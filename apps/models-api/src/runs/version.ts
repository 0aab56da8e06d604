import type { ModelId, OrganizationId, RunId } from '@attune/kernel';

/** A file of a version's artifact, as it lies in the store. */
export interface VersionFile {
  path: string;
  key: string;
  bytes: number;
  sha256: string;
}

/** What a succeeded run left: the artifact by digest, the base that it belongs to, and how good it is. Never changes. */
export interface Version<Metrics> {
  id: string;
  organizationId: OrganizationId;
  modelId: ModelId;
  runId: RunId;
  epoch: number;
  engine: string;
  baseDigest: string;
  digest: string;
  manifestKey: string;
  manifestSha256: string;
  files: VersionFile[];
  metrics: Metrics;
  trainingMs: number;
}
