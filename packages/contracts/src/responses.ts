import { z } from 'zod';

/** The one body of every error. */
export const errorBody = z
  .object({
    error: z.string().describe('The name of the HTTP status'),
    message: z.string(),
    error_code: z.string(),
    details: z.record(z.unknown()),
    retry_after: z.number().int().optional().describe('Seconds to wait; in 429 and 503'),
  })
  .strict();
export type ErrorBody = z.infer<typeof errorBody>;

/** Every refusal that any route may give before its own work starts. */
export const commonResponses = {
  400: errorBody,
  401: errorBody,
  402: errorBody,
  403: errorBody,
  404: errorBody,
  409: errorBody,
  413: errorBody,
  415: errorBody,
  422: errorBody,
  429: errorBody,
  500: errorBody,
  503: errorBody,
} as const;

/** `{count, total_results, result}`: `count` of this page, `total_results` of all. */
export function listOf<T extends z.ZodTypeAny>(item: T) {
  return z.object({
    count: z.number().int().nonnegative(),
    total_results: z.number().int().nonnegative(),
    result: z.array(item),
  });
}

const page = z.coerce.number().int().min(1);

/** `page`/`per_page` as documented, or `offset`/`limit` as the older list calls had them. */
export function pageQuery(defaultSize: number, maximumSize: number) {
  return {
    page: page.optional(),
    per_page: z.coerce.number().int().min(1).max(maximumSize).optional(),
    offset: z.coerce.number().int().min(0).optional(),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(maximumSize)
      .optional()
      .describe(`Default ${String(defaultSize)}`),
  };
}
