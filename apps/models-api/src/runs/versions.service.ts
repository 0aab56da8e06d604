import { Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { modelStatus, type Model } from '../models/model';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository } from '../models/models.repository';
import { runFacts } from '../webhooks/webhook-data';
import { WebhookEventsService } from '../webhooks/webhook-events.service';
import { versionNotFound } from './run.errors';
import type { ListedVersion } from './version';
import { VersionsRepository } from './versions.repository';

/** The versions of a model, and which of them serves. */
@Injectable()
export class VersionsService {
  constructor(
    private readonly database: Database,
    private readonly models: ModelsRepository,
    private readonly versions: VersionsRepository,
    private readonly webhooks: WebhookEventsService,
  ) {}

  /** Throws MODEL_NOT_FOUND. */
  async list(
    organizationId: OrganizationId,
    modelId: ModelId | null,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; versions: ListedVersion[] }> {
    if (modelId === null || !(await this.models.find(organizationId, modelId))) throw modelNotFound();
    return this.versions.list(organizationId, modelId, page);
  }

  /**
   * Makes a version the one that serves, for every request that begins after this. A run that is live goes on, and its version takes over
   * when it succeeds. Throws MODEL_NOT_FOUND, NOT_FOUND for a number that no version has.
   */
  async activate(organizationId: OrganizationId, modelId: ModelId | null, number: number | null): Promise<Model> {
    if (modelId === null) throw modelNotFound();
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      const model = await this.models.lock(tx, organizationId, modelId);
      if (!model) throw modelNotFound();
      const version = number === null ? null : await this.versions.findByNumber(tx, modelId, number);
      if (!version || number === null) throw versionNotFound();
      // A running or failed model goes on showing that run; a trained one shows the run that made its version.
      const shown = model.status === modelStatus.succeeded ? version.runId : null;
      if (await this.versions.activate(tx, modelId, version.id, shown)) {
        const facts = { ...runFacts({ modelId, id: version.runId }), version: number };
        await this.webhooks.tell(tx, organizationId, 'version.activated', facts);
      }
      const activated = await this.models.read(tx, organizationId, modelId);
      if (!activated) throw modelNotFound();
      return activated;
    });
  }
}
