import { AppError } from '@attune/kernel';

export const organizationNotFound = (): AppError => new AppError('ORGANIZATION_NOT_FOUND', 'Organization not found');

/** The organization is new and billing has not said yet what it may do. */
export const entitlementsUnknown = (): AppError =>
  new AppError('SERVICE_UNAVAILABLE', 'The plan of this organization is not known yet; try again shortly');
