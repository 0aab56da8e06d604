import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { CostClass } from '@attune/contracts';
import { Database, DatabaseUnavailable } from '@attune/database';
import { knowLimits, reportRefused, RequestLimiter, type Admission, type Principal } from '@attune/http';
import { forEachLimitName, messageOf, newId, RecentAnswers, type Clock, type OrganizationId } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { CLOCK, LOGGER } from '@attune/service';
import { OrganizationsRepository } from '../organizations/organizations.repository';
import { hourlyPolicies, hourlyPolicyOf, hourlyWaitMs, type HourlyPolicy, type LimitState } from './limit';
import { rateLimitExceeded } from './limit.errors';
import { LimitsService } from './limits.service';
import { LocalWindows } from './local-windows';
import { OrganizationGate, RequestRefused } from './organization-gate';
import { PermitsRepository } from './permits.repository';
import { kindOf, requestRules, type RequestKind, type RequestRules } from './request-policy';

const TICK_MS = 1000;
/** A changed plan is followed this many milliseconds later, at most. */
const RULES_MS = 1000;
/** After a failed question to the database, requests that may pass uncounted do not wait for another. */
const AWAY_MS = 5000;
const IDLE_MS = 60_000;
const NO_LIMITS: Admission = { reports: [], end: () => undefined };

/**
 * Counts requests by the limits of their organization's plan, the same on all instances. When the database does not answer, looks
 * are counted by this process alone, and everything else is refused with 503: nothing that costs money passes uncounted.
 */
@Injectable()
export class RequestLimiterService extends RequestLimiter implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly gates = new Map<OrganizationId, OrganizationGate>();
  private readonly rules = new RecentAnswers<OrganizationId, RequestRules>((id) => this.loadRules(id), {
    maxAgeMs: RULES_MS,
  });
  /** How the hourly limits stand, for requests that are refused. */
  private readonly hours = new Map(hourlyPolicies.map((policy) => [policy, this.recentHours(policy)]));
  private readonly local = new LocalWindows();
  private readonly instance = newId();
  private awayUntil = 0;
  private ticking: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly organizations: OrganizationsRepository,
    private readonly permits: PermitsRepository,
    private readonly limits: LimitsService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    knowLimits(Object.keys(forEachLimitName(null)));
    this.ticking = setInterval(() => void this.tick(), TICK_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.ticking);
    await Promise.all([...this.gates.values()].map((gate) => gate.close()));
  }

  override async admit(principal: Principal, costClass: CostClass): Promise<Admission> {
    const { organizationId } = principal;
    const kind = kindOf(costClass);
    const rules = await this.rulesOf(organizationId, kind);
    if (!rules || (rules.policies[kind].length === 0 && rules.concurrent === null)) return NO_LIMITS;
    try {
      if (kind === 'status_check' && performance.now() < this.awayUntil) {
        return this.local.admit(organizationId, rules, this.clock.now());
      }
      return await this.gateOf(organizationId, rules).admit(kind, rules);
    } catch (error) {
      if (!(error instanceof RequestRefused)) return this.withoutDatabase(error, organizationId, kind, rules);
      throw refusal(await this.withHour(error, organizationId, hourlyPolicyOf(costClass)));
    }
  }

  private withoutDatabase(
    error: unknown,
    organizationId: OrganizationId,
    kind: RequestKind,
    rules: RequestRules,
  ): Admission {
    this.awayUntil = performance.now() + AWAY_MS;
    this.logger.warn(`requests are not counted by all instances: ${messageOf(error)}`);
    if (kind !== 'status_check') throw new DatabaseUnavailable(error);
    try {
      return this.local.admit(organizationId, rules, this.clock.now());
    } catch (refused) {
      throw refused instanceof RequestRefused ? refusal(refused) : refused;
    }
  }

  /** The hourly limit that the call would meet next is named instead where it holds longer: the wait is enough for both. */
  private async withHour(
    refused: RequestRefused,
    organizationId: OrganizationId,
    policy: HourlyPolicy | null,
  ): Promise<RequestRefused> {
    if (policy === null) return refused;
    const hour = (await this.hours.get(policy)?.get(organizationId))?.state;
    if (hour?.remaining !== 0 || hourlyWaitMs(hour) <= refused.waitMs) return refused;
    return new RequestRefused(refused.states, hour, hourlyWaitMs(hour));
  }

  /** `state` is null where there is no such limit, and when it cannot be asked: the request is refused anyway. */
  private recentHours(policy: HourlyPolicy): RecentAnswers<OrganizationId, { state: LimitState | null }> {
    const ask = (organizationId: OrganizationId) =>
      this.database
        .read({ organizationId }, (tx) => this.limits.look(tx, organizationId, policy))
        .then((state) => ({ state }))
        .catch(() => ({ state: null }));
    return new RecentAnswers(ask, { maxAgeMs: RULES_MS });
  }

  private gateOf(organizationId: OrganizationId, rules: RequestRules): OrganizationGate {
    let gate = this.gates.get(organizationId);
    if (!gate) {
      const surroundings = { permits: this.permits, instance: this.instance, now: () => performance.now() };
      gate = new OrganizationGate(organizationId, rules, surroundings);
      this.gates.set(organizationId, gate);
    }
    return gate;
  }

  /** Null while billing has not spoken of the organization: its actions wait for that in their own transactions, and looks are free. */
  private async rulesOf(id: OrganizationId, kind: RequestKind): Promise<RequestRules | null> {
    try {
      return await this.rules.get(id);
    } catch (error) {
      // The last that is known is better than to refuse who only looks.
      const last = this.rules.last(id);
      if (last && kind === 'status_check') return last;
      throw error;
    }
  }

  private async loadRules(id: OrganizationId): Promise<RequestRules | null> {
    const organization = await this.database.read({ organizationId: id }, (tx) => this.organizations.find(tx, id));
    const entitlements = organization?.entitlements;
    return entitlements ? requestRules(entitlements.revision, entitlements.limits) : null;
  }

  /** Also forgets gates of organizations that have been silent for a while. */
  private async tick(): Promise<void> {
    for (const [id, gate] of this.gates) {
      if (!(await gate.tick(IDLE_MS))) this.gates.delete(id);
    }
  }
}

function refusal({ states, by, waitMs }: RequestRefused): Error {
  reportRefused(by, states);
  return rateLimitExceeded(by, waitMs);
}
