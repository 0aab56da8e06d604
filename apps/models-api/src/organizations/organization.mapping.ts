import { fromNamedLimits, fromNamedOverrides, plans, type OrganizationId, type Plan } from '@attune/kernel';
import type { Entitlements, Organization } from './organization';
import type { OrganizationEntity } from './organization.entity';

export function fromRowOrganization(row: OrganizationEntity): Organization {
  const plan = plans.find((known) => known === row.plan);
  if (plan === undefined) throw new Error(`unknown plan ${row.plan}`);
  return {
    id: row.id as OrganizationId,
    name: row.name,
    plan,
    createdAt: row.createdAt,
    entitlements: entitlementsOf(row, plan),
  };
}

function entitlementsOf(row: OrganizationEntity, plan: Plan): Entitlements | null {
  if (row.entitlementsRevision === 0 || row.limits === null) return null;
  return {
    plan,
    revision: row.entitlementsRevision,
    mayTrain: row.mayTrain,
    minimumTrainingMs: row.minimumTrainingMs ?? 0,
    limits: fromNamedLimits(row.limits),
    overrides: fromNamedOverrides(row.limitOverrides),
  };
}
