import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import {
  artifactManifest,
  type ArtifactManifest,
  type EventName,
  type EventPayload,
  type RunMetrics,
} from '@attune/events';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { noteStale } from '@attune/messaging';
import { OBJECT_STORE } from '@attune/service';
import { artifactKey, type EpochPlace, type ObjectStore } from '@attune/storage';
import { statusAfter } from '../models/model';
import { ModelsRepository } from '../models/models.repository';
import { metricFacts, runFacts } from '../webhooks/webhook-data';
import { WebhookEventsService } from '../webhooks/webhook-events.service';
import type { RunFailure, RunProgress } from './run';
import { damagedManifest } from './run.errors';
import { RunsRepository } from './runs.repository';
import { readVerified } from './verified-object';
import type { Version } from './version';

const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;

export interface RunRef {
  organizationId: OrganizationId;
  modelId: ModelId;
  id: RunId;
}

/** Takes in what the trainer says of a run: how far it is, and how it ended. */
@Injectable()
export class RunResultsService {
  constructor(
    private readonly database: Database,
    private readonly models: ModelsRepository,
    private readonly runs: RunsRepository,
    private readonly webhooks: WebhookEventsService,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  /** `event` is the one that said so: where it is stale, it is counted. */
  async noteProgress(tx: Tx, event: EventName, run: RunRef, progress: RunProgress): Promise<void> {
    if (!(await this.runs.noteProgress(tx, run, progress))) noteStale(event);
  }

  /**
   * Reads the manifest and makes a version of it; throws when its bytes are not those that the trainer verified. Null for a run that is live no
   * longer: with its model the manifest may be gone too.
   */
  async readVersion(data: EventPayload<'training.run-succeeded.v1'>): Promise<Version<RunMetrics> | null> {
    const place: EpochPlace = {
      organizationId: data.organization_id as OrganizationId,
      modelId: data.model_id as ModelId,
      runId: data.run_id as RunId,
      epoch: data.epoch,
    };
    const { organizationId, runId } = place;
    if (!(await this.database.read({ organizationId }, (tx) => this.runs.isLive(tx, runId)))) return null;
    const bytes = await readVerified(this.store, data.manifest_key, data.manifest_sha256, MAX_MANIFEST_BYTES);
    const manifest: ArtifactManifest = artifactManifest.parse(JSON.parse(bytes.toString('utf8')));
    if (manifest.run_id !== data.run_id || manifest.base_digest !== data.base_digest)
      throw damagedManifest(data.manifest_key);
    return {
      ...place,
      id: newId(),
      engine: manifest.engine,
      baseDigest: manifest.base_digest,
      digest: manifest.digest,
      manifestKey: data.manifest_key,
      manifestSha256: data.manifest_sha256,
      files: manifest.files.map((file) => ({ ...file, key: artifactKey(place, file.path) })),
      metrics: data.metrics,
      trainingMs: data.training_ms,
    };
  }

  /** The new version serves from this commit on; a run that has ended already, or a deleted model, changes nothing. */
  async succeed(tx: Tx, run: RunRef, version: Version<RunMetrics> | null): Promise<void> {
    const model = await this.models.lock(tx, run.organizationId, run.modelId);
    if (!model || !version || !(await this.runs.succeed(tx, run))) {
      noteStale('training.run-succeeded.v1');
      return;
    }
    const number = await this.runs.insertVersion(tx, version);
    const next = statusAfter(model.status, 'runSucceeded');
    if (next !== null) await this.models.move(tx, model, model.status, next, { currentVersionId: version.id });
    const facts = { ...runFacts(run), version: number };
    await this.webhooks.tell(tx, run.organizationId, 'run.succeeded', { ...facts, ...metricFacts(version.metrics) });
    await this.webhooks.tell(tx, run.organizationId, 'version.activated', facts);
  }

  /** The earlier version, if there is one, serves on. */
  async fail(tx: Tx, run: RunRef, failure: RunFailure): Promise<void> {
    const model = await this.models.lock(tx, run.organizationId, run.modelId);
    if (!model || !(await this.runs.fail(tx, run, failure))) {
      noteStale('training.run-failed.v1');
      return;
    }
    const next = statusAfter(model.status, 'runFailed');
    if (next !== null) await this.models.move(tx, model, model.status, next);
    await this.webhooks.tell(tx, run.organizationId, 'run.failed', { ...runFacts(run), message: failure.message });
  }
}
