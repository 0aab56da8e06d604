import { AppError } from '@attune/kernel';

export const tooManyStreams = (limit: number): AppError =>
  new AppError('RATE_LIMIT_EXCEEDED', `This organization follows ${String(limit)} models already; close one first`, {
    details: { limit },
  });

export const streamsExhausted = (): AppError =>
  new AppError('SERVICE_UNAVAILABLE', 'Too many clients follow models at the moment; try again shortly', {
    internal: 'all event streams of this instance are taken',
  });
