import { AppError } from '@attune/kernel';

/** Both amounts are cents of `currency`. */
export const costLimitExceeded = (maxCents: number, estimatedCents: number, currency: string): AppError =>
  new AppError('COST_LIMIT_EXCEEDED', 'The run would cost more than max_cost allows; nothing was started', {
    details: { max_cost: maxCents, estimated_cost: estimatedCents, currency, unit: 'cents' },
  });
