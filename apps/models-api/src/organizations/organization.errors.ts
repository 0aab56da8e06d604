import { AppError } from '@attune/kernel';

export const organizationNotFound = (): AppError => new AppError('ORGANIZATION_NOT_FOUND', 'Organization not found');
