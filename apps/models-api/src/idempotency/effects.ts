import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { idempotencyConflict, type KeyedRequest } from '@attune/http';
import { IdempotencyKeysRepository } from './idempotency-keys.repository';

/** How long an answer is given again. */
export const KEY_LIFE_SECONDS = 24 * 60 * 60;

/** A request with an Idempotency-Key while its handler runs, which says itself what it brought about. */
export interface EffectiveRequest {
  id: Buffer;
  request: KeyedRequest;
  /** What an attempt before this one brought about, without living to answer. */
  earlier: string | null;
}

/**
 * For handlers that cannot work in one transaction with their key: an upload takes hours, its verdict comes after its commit,
 * and before a run others are asked about money. They say themselves, in the transaction of the effect, what they brought about; the retry of a request that broke
 * off after that finds it here and only answers. Without a key nothing is recorded.
 */
@Injectable()
export class Effects {
  private readonly current = new AsyncLocalStorage<EffectiveRequest>();

  constructor(private readonly keys: IdempotencyKeysRepository) {}

  run<T>(request: EffectiveRequest, handle: () => Promise<T>): Promise<T> {
    return this.current.run(request, handle);
  }

  /** What an earlier attempt at this request recorded; then the body is of no use any more. */
  get earlier(): string | null {
    return this.current.getStore()?.earlier ?? null;
  }

  /** Ties `resource` to the request's key. Throws IDEMPOTENCY_CONFLICT when another attempt was faster: nothing may commit. */
  async record(tx: Tx, resource: string): Promise<void> {
    const current = this.current.getStore();
    if (!current) return;
    const { organizationId, fingerprint } = current.request;
    const isFirst = await this.keys.insert(
      tx,
      {
        id: current.id,
        organizationId,
        fingerprint: fingerprint.soFar(),
        bodyBytes: fingerprint.bytes,
        resource,
        answer: null,
      },
      KEY_LIFE_SECONDS,
    );
    if (!isFirst) throw idempotencyConflict();
  }

  /** In the transaction that undoes the effect. */
  async undo(tx: Tx): Promise<void> {
    const current = this.current.getStore();
    if (current) await this.keys.remove(tx, current.id);
  }
}
