import { plans, type OrganizationId } from '@attune/kernel';
import type { Organization } from './organization';
import type { OrganizationEntity } from './organization.entity';

export function fromRowOrganization(row: OrganizationEntity): Organization {
  const plan = plans.find((known) => known === row.plan);
  if (plan === undefined) throw new Error(`unknown plan ${row.plan}`);
  const known = row.entitlementsRevision > 0;
  return {
    id: row.id as OrganizationId,
    name: row.name,
    entitlements: known
      ? {
          plan,
          revision: row.entitlementsRevision,
          mayTrain: row.mayTrain,
          minimumTrainingMs: row.minimumTrainingMs ?? 0,
        }
      : null,
  };
}
