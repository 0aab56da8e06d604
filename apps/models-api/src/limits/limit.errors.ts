import { AppError } from '@attune/kernel';
import type { LimitState } from './limit';

/** `waitMs` is enough to wait, as long as nobody else of the organization acts meanwhile. */
export const rateLimitExceeded = ({ policy, limit, windowSeconds }: LimitState, waitMs: number): AppError => {
  const within = windowSeconds === null ? 'at once' : `in ${String(windowSeconds)} seconds`;
  return new AppError('RATE_LIMIT_EXCEEDED', `The limit ${policy} of ${String(limit)} ${within} is used up`, {
    details: {
      policy,
      limit,
      ...(windowSeconds === null ? {} : { window_seconds: windowSeconds }),
      retry_after: Math.max(1, Math.ceil(waitMs / 1000)),
    },
  });
};

/** The plan includes no custom models at all. */
export const modelsNeedUpgrade = (plan: string): AppError =>
  new AppError('PLAN_UPGRADE_REQUIRED', `The plan ${plan} does not include custom models; upgrade to create some`, {
    details: { plan, limit: 0 },
  });

export const modelLimitExceeded = (plan: string, limit: number, used: number): AppError =>
  new AppError(
    'MODEL_LIMIT_EXCEEDED',
    `The plan ${plan} includes ${String(limit)} custom models; delete one or upgrade to create more`,
    { details: { plan, limit, used } },
  );
