import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ApiKeyId, Clock, OrganizationId } from '@attune/kernel';
import { CLOCK } from '@attune/service';
import { OrganizationAdministrationService } from '../organizations/organization-administration.service';
import type { ApiKeyOrder, ApiKeyRecord } from './api-key';
import { apiKeyNotFound, expiryInThePast } from './api-key.errors';
import { ApiKeysRepository } from './api-keys.repository';
import { ApiKeysService } from './api-keys.service';

/** What operators do with the keys of an organization. Every method throws ORGANIZATION_NOT_FOUND. */
@Injectable()
export class ApiKeyAdministrationService {
  constructor(
    private readonly database: Database,
    private readonly organizations: OrganizationAdministrationService,
    private readonly repository: ApiKeysRepository,
    private readonly keys: ApiKeysService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The key's text is in this answer and nowhere else. Throws VALIDATION_ERROR for an expiry that has passed. */
  async create(id: OrganizationId | null, order: ApiKeyOrder): Promise<{ record: ApiKeyRecord; key: string }> {
    if (order.expiresAt && order.expiresAt <= this.clock.now()) throw expiryInThePast();
    const organizationId = await this.known(id);
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      const { id: keyId, key } = await this.keys.create(tx, organizationId, order);
      return { record: await this.read(tx, organizationId, keyId), key };
    });
  }

  async list(
    id: OrganizationId | null,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; keys: ApiKeyRecord[] }> {
    const organizationId = await this.known(id);
    return this.database.read({ organizationId }, (tx) => this.repository.list(tx, organizationId, page));
  }

  /** Refused at once by this instance, and within a second by every other. Throws API_KEY_NOT_FOUND. */
  async revoke(id: OrganizationId | null, keyId: ApiKeyId | null): Promise<ApiKeyRecord> {
    const organizationId = await this.known(id);
    if (keyId === null) throw apiKeyNotFound();
    const revoked = await this.database.runInTransaction({ organizationId }, async (tx) => {
      if (!(await this.repository.revoke(tx, organizationId, keyId))) throw apiKeyNotFound();
      return this.read(tx, organizationId, keyId);
    });
    this.keys.forget(revoked.publicId);
    return revoked;
  }

  private async known(id: OrganizationId | null): Promise<OrganizationId> {
    return (await this.organizations.get(id)).id;
  }

  private async read(tx: Tx, organizationId: OrganizationId, id: ApiKeyId): Promise<ApiKeyRecord> {
    const key = await this.repository.find(tx, organizationId, id);
    if (!key) throw apiKeyNotFound();
    return key;
  }
}
