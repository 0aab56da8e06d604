import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { ModelMetrics } from '../models/model';

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

/** A version among the others of its model. They count from 1; `active` is the one that serves. */
export interface ListedVersion {
  modelId: ModelId;
  number: number;
  runId: RunId;
  createdAt: Date;
  baseDigest: string;
  digest: string;
  trainingMs: number;
  metrics: ModelMetrics;
  isActive: boolean;
}
