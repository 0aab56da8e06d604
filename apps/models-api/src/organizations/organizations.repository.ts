import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { toNamedLimits, toNamedOverrides, type OrganizationId, type Plan } from '@attune/kernel';
import type { Entitlements, Organization } from './organization';
import { OrganizationEntity } from './organization.entity';
import { entitlementsUnknown } from './organization.errors';
import { fromRowOrganization } from './organization.mapping';

@Injectable()
export class OrganizationsRepository {
  async find(tx: Tx, id: OrganizationId): Promise<Organization | null> {
    const row = await tx.manager.findOneBy(OrganizationEntity, { id });
    return row && fromRowOrganization(row);
  }

  /** What the organization may do. Throws SERVICE_UNAVAILABLE while billing has not spoken of it. */
  async entitlementsOf(tx: Tx, id: OrganizationId): Promise<Entitlements> {
    return known(await this.find(tx, id));
  }

  /** Like entitlementsOf, and locks the organization as `lock` does. */
  async lockEntitlements(tx: Tx, id: OrganizationId): Promise<Entitlements> {
    return known(await this.lock(tx, id));
  }

  /**
   * Like find, and locks the organization until the transaction ends: what counts something of it takes turns, with a change of
   * its plan too. Rows that refer to it are not kept waiting.
   */
  async lock(tx: Tx, id: OrganizationId): Promise<Organization | null> {
    const row = await tx.manager.findOne(OrganizationEntity, {
      where: { id },
      lock: { mode: 'for_no_key_update' },
    });
    return row && fromRowOrganization(row);
  }

  /** The organization that bootstrap made. Two bootstraps take turns from here until their transactions end. */
  async findFirst(tx: Tx): Promise<Organization | null> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('attune.models.bootstrap', 0))`);
    const row = await tx.manager.findOneBy(OrganizationEntity, { bootstrap: true });
    return row && fromRowOrganization(row);
  }

  /** Of all organizations, newest first. */
  async list(
    tx: Tx,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; organizations: Organization[] }> {
    const [rows, total] = await tx.manager.findAndCount(OrganizationEntity, {
      order: { id: 'DESC' },
      skip: page.offset,
      take: page.limit,
    });
    return { total, organizations: rows.map(fromRowOrganization) };
  }

  async insert(tx: Tx, organization: { id: OrganizationId; name: string; plan: Plan }): Promise<void> {
    await tx.manager.insert(OrganizationEntity, organization);
  }

  async rename(tx: Tx, id: OrganizationId, name: string): Promise<void> {
    await tx.execute('UPDATE organization SET name = $2 WHERE id = $1', [id, name]);
  }

  async insertFirst(tx: Tx, organization: { id: OrganizationId; name: string; plan: Plan }): Promise<void> {
    await tx.manager.insert(OrganizationEntity, { ...organization, bootstrap: true });
  }

  /** Takes news in unless newer news is already there; answers whether it did. */
  async applyEntitlements(tx: Tx, id: OrganizationId, news: Entitlements): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE organization SET plan = $2, may_train = $3, minimum_training_ms = $4, entitlements_revision = $5,
              limits = $6, limit_overrides = $7
        WHERE id = $1 AND entitlements_revision < $5`,
      [
        id,
        news.plan,
        news.mayTrain,
        news.minimumTrainingMs,
        news.revision,
        JSON.stringify(toNamedLimits(news.limits)),
        JSON.stringify(toNamedOverrides(news.overrides)),
      ],
    );
    return updated > 0;
  }
}

function known(organization: Organization | null): Entitlements {
  if (!organization?.entitlements) throw entitlementsUnknown();
  return organization.entitlements;
}
