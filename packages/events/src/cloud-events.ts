import { z } from 'zod';
import { milliseconds, modelScope, runScope } from './shapes';

/**
 * What the platform tells the world outside it, as CloudEvents 1.0 in JSON: type -> data. Whoever consumes them knows nothing of Attune,
 * so each stands for itself. A published version never changes.
 */
export const cloudEventSchemas = {
  /**
   * A run used audio beyond what its model's price includes. One event a run that did, for ever: `id` is the same on every delivery.
   * `amount_cents` may be 0 when the overage is shorter than half a cent's worth.
   */
  'billing.overage-recorded.v1': z
    .object({
      ...runScope,
      price_book: z.string(),
      currency: z.string(),
      amount_cents: z.number().int().nonnegative(),
      overage_ms: milliseconds,
      /** Distinct audio of the model before and after the run: the amount is the difference of their prices. */
      distinct_ms_before: milliseconds,
      distinct_ms_after: milliseconds,
    })
    .strict(),
} as const;

export type CloudEventType = keyof typeof cloudEventSchemas;
export type CloudEventData<T extends CloudEventType> = z.infer<(typeof cloudEventSchemas)[T]>;

export function isCloudEventType(name: string): name is CloudEventType {
  return Object.hasOwn(cloudEventSchemas, name);
}

/** The whole event as it lies in the stream. */
export function cloudEvent<T extends CloudEventType>(type: T) {
  return z
    .object({
      specversion: z.literal('1.0'),
      id: z.string().uuid(),
      source: z.literal('/attune/billing'),
      type: z.literal(type),
      /** The organization that is charged. */
      subject: modelScope.organization_id,
      time: z.string().datetime(),
      datacontenttype: z.literal('application/json'),
      data: cloudEventSchemas[type],
    })
    .strict();
}

/** `source` and `id` together name an occurrence for ever. */
export interface CloudEvent<T extends CloudEventType = CloudEventType> {
  specversion: '1.0';
  id: string;
  source: `/attune/${string}`;
  type: T;
  subject: string;
  time: string;
  datacontenttype: 'application/json';
  data: CloudEventData<T>;
}
