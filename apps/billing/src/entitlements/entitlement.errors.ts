import { AppError } from '@attune/kernel';

export const noAgreement = (): AppError =>
  new AppError('NOT_FOUND', 'This organization has no agreement yet: name a plan');
