import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { reportCounted, reportRefused } from '@attune/http';
import type { AppError, OrganizationId } from '@attune/kernel';
import { ModelCountsRepository } from '../models/model-counts.repository';
import type { Entitlements } from '../organizations/organization';
import { OrganizationsRepository } from '../organizations/organizations.repository';
import { HourlyLimitsRepository, type CountedAction } from './hourly-limits.repository';
import { hourlyQuota, hourlyWaitMs, type HourlyPolicy, type LimitState } from './limit';
import { modelLimitExceeded, modelsNeedUpgrade, rateLimitExceeded } from './limit.errors';

/**
 * What an organization may do in an hour, and how much it may have. Everything is checked and counted within the
 * transaction of the action, under the organization's lock: what fails or rolls back costs nothing, and neither replicas nor a
 * change of the plan get in between.
 */
@Injectable()
export class LimitsService {
  constructor(
    private readonly organizations: OrganizationsRepository,
    private readonly hourly: HourlyLimitsRepository,
    private readonly counts: ModelCountsRepository,
  ) {}

  /** Locks the organization until the transaction ends. Throws SERVICE_UNAVAILABLE while billing has not spoken of it. */
  async lockEntitlements(tx: Tx, organizationId: OrganizationId): Promise<Entitlements> {
    return this.organizations.lockEntitlements(tx, organizationId);
  }

  /**
   * Counts one action; `subject` is the id of what it makes. Call it as late as the action allows: others of the organization
   * wait until the transaction ends. Throws RATE_LIMIT_EXCEEDED.
   */
  async take(tx: Tx, organizationId: OrganizationId, policy: HourlyPolicy, subject: string): Promise<void> {
    const { limits } = await this.lockEntitlements(tx, organizationId);
    const quota = hourlyQuota(limits, policy);
    if (quota === null) return;
    const { taken, state } = await this.hourly.take(tx, { organizationId, policy, subject }, quota);
    if (!taken) throw refusal(state);
    reportCounted(state);
  }

  /** Throws RATE_LIMIT_EXCEEDED when nothing is left now: before an action's costly part, which `take` follows. */
  async check(tx: Tx, organizationId: OrganizationId, policy: HourlyPolicy): Promise<void> {
    const state = await this.look(tx, organizationId, policy);
    if (state?.remaining === 0) throw refusal(state);
  }

  /** How the limit stands; null without one. Throws SERVICE_UNAVAILABLE while billing has not spoken. */
  async look(tx: Tx, organizationId: OrganizationId, policy: HourlyPolicy): Promise<LimitState | null> {
    const { limits } = await this.organizations.entitlementsOf(tx, organizationId);
    const quota = hourlyQuota(limits, policy);
    return quota === null ? null : this.hourly.look(tx, organizationId, policy, quota);
  }

  /** What was refused after it had been counted costs nothing. */
  async giveBack(tx: Tx, action: CountedAction): Promise<void> {
    await this.hourly.giveBack(tx, action);
  }

  /** Throws PLAN_UPGRADE_REQUIRED when the plan has no models, MODEL_LIMIT_EXCEEDED when it has no room for one more. */
  async checkModelQuota(tx: Tx, organizationId: OrganizationId): Promise<void> {
    const { plan, limits } = await this.lockEntitlements(tx, organizationId);
    if (limits.models === null) return;
    if (limits.models === 0) throw modelsNeedUpgrade(plan);
    const used = await this.counts.total(tx, organizationId);
    if (used >= limits.models) throw modelLimitExceeded(plan, limits.models, used);
  }
}

function refusal(state: LimitState): AppError {
  reportRefused(state);
  return rateLimitExceeded(state, hourlyWaitMs(state));
}
