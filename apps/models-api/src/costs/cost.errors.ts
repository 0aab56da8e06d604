import { AppError } from '@attune/kernel';

/** Between being priced and being frozen, the data became other data: what it costs is not known any more. */
export const dataChanged = (): AppError =>
  new AppError('MODEL_NOT_READY', 'Training data was changed while the run was being started; try again');
