import type { Idempotence } from '@attune/contracts';
import { AppError, type OrganizationId } from '@attune/kernel';
import type { RequestFingerprint } from './request-fingerprint';

/** A request that carries an Idempotency-Key. Keys of two organizations, or of two routes, have nothing to do with each other. */
export interface KeyedRequest {
  /** Null: the operators' own. */
  organizationId: OrganizationId | null;
  /** Method and path, with the values of its parameters. */
  route: string;
  key: string;
  idempotence: Idempotence;
  fingerprint: RequestFingerprint;
}

/** An answer as it is kept and given again. */
export interface KeptAnswer {
  status: number;
  /** Those that the handler set. */
  headers: Record<string, string>;
  /** Null for an answer without a body. */
  body: string | null;
}

/** What the handler answered; `kept` is null for what cannot be given again (a refusal, a stream too long to keep). */
export interface HandlerAnswer {
  value: unknown;
  kept: KeptAnswer | null;
}

/** Either the handler's own answer, or the one that it gave to the same request before. */
export type OnceAnswer = { replayed: KeptAnswer } | { value: unknown };

/** Knows which keyed requests have been answered. */
export abstract class Idempotency {
  /**
   * Lets `handle` answer the request, unless it was answered before: then that answer is given again. `handle` may run more
   * than once. Throws IDEMPOTENCY_CONFLICT while the same request is being answered, IDEMPOTENCY_KEY_REUSED when the key
   * belongs to a request with another body.
   */
  abstract once(request: KeyedRequest, handle: () => Promise<HandlerAnswer>): Promise<OnceAnswer>;
}

const KEY = /^[\x20-\x7e]{1,255}$/;

/** The key in the header's value. Throws VALIDATION_ERROR when it is none. */
export function readIdempotencyKey(header: string | string[]): string {
  if (typeof header === 'string' && KEY.test(header)) return header;
  throw new AppError('VALIDATION_ERROR', 'The Idempotency-Key is not valid', {
    details: { 'Idempotency-Key': 'must be 1 to 255 printable ASCII characters' },
  });
}

export const idempotencyConflict = (): AppError =>
  new AppError('IDEMPOTENCY_CONFLICT', 'A request with this Idempotency-Key is being answered; try again shortly');

export const idempotencyKeyReused = (): AppError =>
  new AppError('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key belongs to a request with another body');
