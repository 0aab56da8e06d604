import type { ApiLimit, ApiLimits } from '@attune/contracts';
import type { LimitName } from '@attune/kernel';
import type { LimitsOverview, LimitStanding } from './limits-overview.service';

export function toApiLimits({ plan, standings }: LimitsOverview): ApiLimits {
  const limits = Object.fromEntries(
    Object.entries(standings).map(([name, standing]) => [name, toApiLimit(standing)]),
  ) as Record<LimitName, ApiLimit>;
  return { plan, limits };
}

function toApiLimit({ limit, used, remaining, resetAtMs }: LimitStanding): ApiLimit {
  return { limit, used, remaining, reset: resetAtMs === null ? null : Math.ceil(resetAtMs / 1000) };
}
