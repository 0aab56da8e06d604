import { AppError } from '@attune/kernel';

export const invalidApiKey = (): AppError => new AppError('INVALID_API_KEY', 'The API key is not valid');
export const expiredApiKey = (): AppError => new AppError('INVALID_API_KEY', 'The API key has expired');
export const revokedApiKey = (): AppError => new AppError('KEY_REVOKED', 'The API key has been revoked');
export const apiKeyNotFound = (): AppError => new AppError('API_KEY_NOT_FOUND', 'API key not found');
export const expiryInThePast = (): AppError =>
  new AppError('VALIDATION_ERROR', 'The request is not valid', { details: { expires_at: 'must be in the future' } });
