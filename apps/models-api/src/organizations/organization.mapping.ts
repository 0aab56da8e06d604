import { fromNamedLimits, fromNamedOverrides, plans, type OrganizationId } from '@attune/kernel';
import type { Entitlements, Organization } from './organization';
import type { OrganizationEntity } from './organization.entity';

export function fromRowOrganization(row: OrganizationEntity): Organization {
  return { id: row.id as OrganizationId, name: row.name, entitlements: entitlementsOf(row) };
}

function entitlementsOf(row: OrganizationEntity): Entitlements | null {
  if (row.entitlementsRevision === 0 || row.limits === null) return null;
  const plan = plans.find((known) => known === row.plan);
  if (plan === undefined) throw new Error(`unknown plan ${row.plan}`);
  return {
    plan,
    revision: row.entitlementsRevision,
    mayTrain: row.mayTrain,
    minimumTrainingMs: row.minimumTrainingMs ?? 0,
    limits: fromNamedLimits(row.limits),
    overrides: fromNamedOverrides(row.limitOverrides),
  };
}
