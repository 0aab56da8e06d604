import { AppError } from '@attune/kernel';

export const noTrainingData = (): AppError =>
  new AppError('MODEL_NOT_READY', 'The model has no training data yet; upload at least one training pair');

export const dataStillProcessing = (count: number): AppError =>
  new AppError('MODEL_NOT_READY', `${String(count)} uploaded pairs are still being processed; try again shortly`, {
    details: { items_processing: count },
  });

export const nothingToCancel = (): AppError =>
  new AppError('MODEL_NOT_READY', 'No training run of this model is live; there is nothing to cancel');

export const runNotFound = (): AppError => new AppError('RUN_NOT_FOUND', 'Run not found');

export const versionNotFound = (): AppError => new AppError('NOT_FOUND', 'Version not found');

/** Both figures are hours of decoded training audio. */
export const insufficientData = (hoursRequired: number, hoursAvailable: number): AppError =>
  new AppError('INSUFFICIENT_DATA', 'There is not enough training audio to start a run', {
    details: { hours_required: hoursRequired, hours_available: hoursAvailable },
  });

export const planUpgradeRequired = (plan: string): AppError =>
  new AppError('PLAN_UPGRADE_REQUIRED', `The plan ${plan} does not include training; upgrade to train models`, {
    details: { plan },
  });

/** The manifest in the store is not the one that the trainer verified. */
export const damagedManifest = (key: string): AppError =>
  new AppError('INTERNAL_ERROR', 'Internal error', { internal: `the manifest at ${key} is not what it should be` });
