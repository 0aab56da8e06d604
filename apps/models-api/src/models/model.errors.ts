import { AppError } from '@attune/kernel';

/** Also for another tenant's model and a deleted one: nobody can tell them from one that never was. */
export const modelNotFound = (): AppError => new AppError('MODEL_NOT_FOUND', 'Model not found');

export const modelBusy = (): AppError =>
  new AppError('MODEL_BUSY', 'A training run of this model is live; wait until it has ended');

export const unsupportedLanguage = (language: string, baseModel: string, known: readonly string[]): AppError =>
  new AppError('UNSUPPORTED_LANGUAGE', `The base model ${baseModel} does not know the language ${language}`, {
    details: { language, base_model: baseModel, supported_languages: [...known] },
  });
