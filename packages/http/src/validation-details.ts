import type { z } from 'zod';

/** Field -> reason, the details of a VALIDATION_ERROR. The first reason of a field wins; `body` stands for the whole. */
export function toFieldReasons(error: z.ZodError): Record<string, string> {
  const reasons: Record<string, string> = {};
  for (const issue of error.issues) {
    const fields =
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => [...issue.path, key].join('.'))
        : [issue.path.join('.') || 'body'];
    const reason = issue.code === 'unrecognized_keys' ? 'unknown field' : issue.message;
    for (const field of fields) reasons[field] ??= reason;
  }
  return reasons;
}
