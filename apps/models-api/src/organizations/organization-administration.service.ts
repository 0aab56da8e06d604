import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import { newId, toNamedOverrides, type OrganizationId } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import type { NewOrganization, Organization, OrganizationChange } from './organization';
import { organizationNotFound } from './organization.errors';
import { OrganizationsRepository } from './organizations.repository';
import { Terms } from './terms';

/** What operators do with organizations. Terms are billing's: nothing is changed here before billing has agreed to it. */
@Injectable()
export class OrganizationAdministrationService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly organizations: OrganizationsRepository,
    private readonly terms: Terms,
  ) {}

  /**
   * Billing first: an agreement with an organization that then fails to be stored harms nobody, an organization without one
   * would be there and could do nothing. Throws SERVICE_UNAVAILABLE when billing does not answer.
   */
  async create({ name, ...terms }: NewOrganization): Promise<Organization> {
    const id = newId<OrganizationId>();
    const agreed = await this.terms.agree(id, terms);
    return this.database.runInTransaction({ organizationId: id }, async (tx) => {
      await this.organizations.insert(tx, { id, name, plan: agreed.plan });
      await this.organizations.applyEntitlements(tx, id, agreed);
      await this.outbox.add(
        tx,
        'models.organization-created.v2',
        {
          organization_id: id,
          plan: terms.plan,
          minimum_training_ms: terms.minimumTrainingMs ?? null,
          limits: toNamedOverrides(terms.limits ?? {}),
        },
        { aggregateId: id, key: 'created' },
      );
      return this.read(tx, id);
    });
  }

  list(page: { offset: number; limit: number }): Promise<{ total: number; organizations: Organization[] }> {
    return this.database.read('system', (tx) => this.organizations.list(tx, page));
  }

  /** Throws ORGANIZATION_NOT_FOUND; a null id is one that could not be an organization's. */
  async get(id: OrganizationId | null): Promise<Organization> {
    if (id === null) throw organizationNotFound();
    return this.database.read({ organizationId: id }, (tx) => this.read(tx, id));
  }

  /**
   * Answers what holds: the new terms are in the database that every instance asks. Throws ORGANIZATION_NOT_FOUND, and
   * SERVICE_UNAVAILABLE when billing does not answer; a name is not changed then either.
   */
  async update(id: OrganizationId | null, { name, ...terms }: OrganizationChange): Promise<Organization> {
    const known = await this.get(id);
    const agreed = Object.keys(terms).length === 0 ? null : await this.terms.agree(known.id, terms);
    return this.database.runInTransaction({ organizationId: known.id }, async (tx) => {
      if (agreed) await this.organizations.applyEntitlements(tx, known.id, agreed);
      if (name !== undefined) await this.organizations.rename(tx, known.id, name);
      return this.read(tx, known.id);
    });
  }

  private async read(tx: Tx, id: OrganizationId): Promise<Organization> {
    const organization = await this.organizations.find(tx, id);
    if (!organization) throw organizationNotFound();
    return organization;
  }
}
