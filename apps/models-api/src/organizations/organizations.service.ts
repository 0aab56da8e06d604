import { Injectable } from '@nestjs/common';
import { scopes } from '@attune/contracts';
import { Database, type Tx } from '@attune/database';
import { newId, toNamedOverrides, type OrganizationId } from '@attune/kernel';
import { noteStale, Outbox } from '@attune/messaging';
import { ApiKeysService } from '../api-keys/api-keys.service';
import type { Entitlements } from './organization';
import { OrganizationsRepository } from './organizations.repository';

const FIRST_PLAN = 'enterprise';
const FIRST_NAME = 'Local';
/** Whoever tries Attune on their own machine is throttled by that machine alone. Live runs keep the plan's limit: they queue. */
const FIRST_LIMITS = toNamedOverrides({
  requestsPerMinute: null,
  requestsPerHour: null,
  requestsPerDay: null,
  concurrentRequests: null,
  modelCreationsPerHour: null,
  trainingStartsPerHour: null,
  statusChecksPerMinute: null,
  dataUploadsPerHour: null,
});

/** Organizations, and what billing lets them do. */
@Injectable()
export class OrganizationsService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly organizations: OrganizationsRepository,
    private readonly apiKeys: ApiKeysService,
  ) {}

  /** Billing's news; what is older than what is known is ignored. */
  async applyEntitlements(tx: Tx, id: OrganizationId, news: Entitlements): Promise<void> {
    const isNews = await this.organizations.applyEntitlements(tx, id, news);
    if (!isNews) noteStale('billing.entitlements-changed.v2');
  }

  /**
   * The one organization for local use: made when it is not there yet, and announced again, as the same event, while
   * billing has not spoken of it. `minimumTrainingMs` null means the plan's own.
   */
  async ensureFirst(minimumTrainingMs: number | null): Promise<OrganizationId> {
    return this.database.runInTransaction('system', async (tx) => {
      const known = await this.organizations.findFirst(tx);
      const id = known?.id ?? newId<OrganizationId>();
      if (!known) await this.organizations.insertFirst(tx, { id, name: FIRST_NAME, plan: FIRST_PLAN });
      if (!known?.entitlements) {
        await this.outbox.add(
          tx,
          'models.organization-created.v2',
          { organization_id: id, plan: FIRST_PLAN, minimum_training_ms: minimumTrainingMs, limits: FIRST_LIMITS },
          { aggregateId: id, organizationId: id, key: 'created' },
        );
      }
      return id;
    });
  }

  async hasEntitlements(id: OrganizationId): Promise<boolean> {
    const found = await this.database.read({ organizationId: id }, (tx) => this.organizations.find(tx, id));
    return found !== null && found.entitlements !== null;
  }

  /** A new key with every scope; its text exists in this answer only. */
  async createFullKey(id: OrganizationId, name: string): Promise<string> {
    return this.database.runInTransaction({ organizationId: id }, async (tx) => {
      const { key } = await this.apiKeys.create(tx, id, { name, scopes });
      return key;
    });
  }
}
