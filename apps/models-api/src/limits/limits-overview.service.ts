import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import { admissionReports } from '@attune/http';
import { limitNames, type LimitName, type OrganizationId, type Plan } from '@attune/kernel';
import { ModelCountsRepository } from '../models/model-counts.repository';
import { OrganizationsRepository } from '../organizations/organizations.repository';
import { RunsRepository } from '../runs/runs.repository';
import { HourlyLimitsRepository } from './hourly-limits.repository';
import { hourlyPolicies, hourlyQuota, limitState, type LimitState } from './limit';

/** A limit as its owner sees it; `limit` null: unlimited. What is unlimited is not counted, unless it is there to be counted. */
export interface LimitStanding {
  limit: number | null;
  used: number | null;
  remaining: number | null;
  resetAtMs: number | null;
}

export interface LimitsOverview {
  plan: Plan;
  standings: Record<LimitName, LimitStanding>;
}

/** How every limit of an organization stands. */
@Injectable()
export class LimitsOverviewService {
  constructor(
    private readonly database: Database,
    private readonly organizations: OrganizationsRepository,
    private readonly hourly: HourlyLimitsRepository,
    private readonly counts: ModelCountsRepository,
    private readonly runs: RunsRepository,
  ) {}

  /** Request limits are those that this very request was counted in. Throws SERVICE_UNAVAILABLE while billing has not spoken. */
  async look(organizationId: OrganizationId): Promise<LimitsOverview> {
    return this.database.read({ organizationId }, async (tx) => {
      const { plan, limits } = await this.organizations.entitlementsOf(tx, organizationId);
      const hourly: LimitState[] = [];
      for (const policy of hourlyPolicies) {
        const quota = hourlyQuota(limits, policy);
        if (quota !== null) hourly.push(await this.hourly.look(tx, organizationId, policy, quota));
      }
      const states = [...admissionReports(), ...hourly];
      const standings = Object.fromEntries(
        Object.values(limitNames).map((name) => [name, toStanding(states.find(({ policy }) => policy === name))]),
      ) as Record<LimitName, LimitStanding>;
      return { plan, standings: { ...standings, ...(await this.stock(tx, organizationId, limits)) } };
    });
  }

  /** What is there, not what happened: time frees nothing of it. */
  private async stock(
    tx: Tx,
    organizationId: OrganizationId,
    limits: { models: number | null; liveRuns: number | null },
  ): Promise<Pick<Record<LimitName, LimitStanding>, 'models' | 'live_runs'>> {
    const models = await this.counts.total(tx, organizationId);
    const liveRuns = await this.runs.countUnfinished(tx, organizationId);
    return {
      models: ofStock('models', limits.models, models),
      live_runs: ofStock('live_runs', limits.liveRuns, liveRuns),
    };
  }
}

function ofStock(policy: LimitName, limit: number | null, used: number): LimitStanding {
  if (limit === null) return { limit, used, remaining: null, resetAtMs: null };
  return { ...toStanding(limitState(policy, { windowSeconds: null, limit, used, reset: null })), used };
}

function toStanding(state: Omit<LimitState, 'policy'> | undefined): LimitStanding {
  if (!state) return { limit: null, used: null, remaining: null, resetAtMs: null };
  const { limit, remaining, resetAtMs } = state;
  return { limit, used: limit - remaining, remaining, resetAtMs };
}
