import { fromModelKey } from '@attune/kernel';
import { UsageError } from './exit-codes';

/** `12` or `custom_model_12` as the model's number. */
export function parseModelId(argument: string): number {
  const id = fromModelKey(/^\d+$/.test(argument) ? `custom_model_${argument}` : argument);
  if (id === null)
    throw new UsageError(`"${argument}" names no model: give its number or key, as \`attune models\` lists them`);
  return id;
}

/** What /stt takes: a base model's key as it is, a custom model's key also for its bare number; `@2` pins a version of it. */
export function parseModelKey(argument: string): string {
  return /^\d+(@\d+)?$/.test(argument) ? `custom_model_${argument}` : argument;
}
