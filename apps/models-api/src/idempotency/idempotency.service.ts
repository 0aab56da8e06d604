import { Inject, Injectable } from '@nestjs/common';
import { Database, SessionLocks, type Scope, type Tx } from '@attune/database';
import {
  idempotencyConflict,
  idempotencyKeyReused,
  Idempotency,
  type HandlerAnswer,
  type KeptAnswer,
  type KeyedRequest,
  type OnceAnswer,
} from '@attune/http';
import { SECRETS_KEY, Sealer } from '../platform/sealer';
import { Effects, KEY_LIFE_SECONDS } from './effects';
import { idOfKey, lockOfKey, type KnownRequest } from './idempotency-key';
import { IdempotencyKeysRepository } from './idempotency-keys.repository';

const SWEEP_BATCH = 1000;
/** What a retry's body may be longer than the first one: boundaries differ in length. */
const BODY_TOLERANCE_BYTES = 64 * 1024;

/**
 * Knows answered requests by their key, in PostgreSQL. There is no state "in progress" that a crash could leave behind: who
 * answers a request holds a lock, and locks die with their process. The contract says what a route is:
 * - `key`: it runs in one transaction with its key: both are there, or neither;
 * - `effect`, and whatever streams its body: the handler records its effect itself (`Effects`), its answer is kept afterwards;
 * - `natural`: its answer is kept afterwards.
 */
@Injectable()
export class IdempotencyService extends Idempotency {
  constructor(
    private readonly database: Database,
    private readonly locks: SessionLocks,
    private readonly keys: IdempotencyKeysRepository,
    private readonly effects: Effects,
    @Inject(SECRETS_KEY) private readonly secret: string,
  ) {
    super();
  }

  once(request: KeyedRequest, handle: () => Promise<HandlerAnswer>): Promise<OnceAnswer> {
    const id = idOfKey(request);
    return request.idempotence === 'key' && !request.fingerprint.isStream
      ? this.inOneTransaction(id, request, handle)
      : this.underLock(id, request, handle);
  }

  /** Removes expired keys; answers how many. */
  async sweep(signal: AbortSignal): Promise<number> {
    let total = 0;
    for (let removed = SWEEP_BATCH; removed === SWEEP_BATCH && !signal.aborted; total += removed) {
      removed = await this.database.runInTransaction('system', (tx) => this.keys.sweep(tx, SWEEP_BATCH));
    }
    return total;
  }

  private inOneTransaction(
    id: Buffer,
    request: KeyedRequest,
    handle: () => Promise<HandlerAnswer>,
  ): Promise<OnceAnswer> {
    return this.database.runJoined(scopeOf(request), async (tx) => {
      if (!(await this.keys.tryLock(tx, id))) throw idempotencyConflict();
      const known = await this.keys.read(tx, id);
      if (known) return this.replay(id, request, known);
      const { value, kept } = await handle();
      if (kept) await this.keep(tx, id, request, kept);
      return { value };
    });
  }

  private async underLock(
    id: Buffer,
    request: KeyedRequest,
    handle: () => Promise<HandlerAnswer>,
  ): Promise<OnceAnswer> {
    const unlock = await this.locks.tryLock(lockOfKey(id));
    if (unlock === null) throw idempotencyConflict();
    try {
      const known = await this.keys.find(scopeOf(request), id);
      if (known?.answer) return await this.replay(id, request, known);
      if (known) await this.checkBody(request, known);
      const { value, kept } = await this.effects.run({ id, request, earlier: known?.resource ?? null }, handle);
      // One that could not be kept is given all the same: its retry makes it again, from the effect that is recorded.
      if (kept) await this.keepAfter(id, request, kept).catch(() => undefined);
      return { value };
    } finally {
      await unlock();
    }
  }

  private async replay(id: Buffer, request: KeyedRequest, known: KnownRequest): Promise<OnceAnswer> {
    await this.checkBody(request, known);
    if (!known.answer) throw idempotencyConflict();
    return { replayed: JSON.parse(this.sealerOf(request).open(known.answer, id.toString('hex'))) as KeptAnswer };
  }

  private async checkBody({ fingerprint }: KeyedRequest, known: KnownRequest): Promise<void> {
    const found = await fingerprint.readAll(known.bodyBytes + BODY_TOLERANCE_BYTES);
    if (!found?.equals(known.fingerprint)) throw idempotencyKeyReused();
  }

  /** Throws IDEMPOTENCY_CONFLICT, which undoes the transaction, when the key became known in the meantime. */
  private async keep(tx: Tx, id: Buffer, request: KeyedRequest, kept: KeptAnswer): Promise<void> {
    const { organizationId, fingerprint } = request;
    const known = {
      id,
      organizationId,
      fingerprint: fingerprint.soFar(),
      bodyBytes: fingerprint.bytes,
      resource: null,
      answer: this.seal(id, request, kept),
    };
    if (!(await this.keys.insert(tx, known, KEY_LIFE_SECONDS))) throw idempotencyConflict();
  }

  /** The answer of a recorded effect, or of a request that may be repeated. */
  private async keepAfter(id: Buffer, request: KeyedRequest, kept: KeptAnswer): Promise<void> {
    await this.database.runInTransaction(scopeOf(request), async (tx) => {
      if (await this.keys.read(tx, id)) await this.keys.complete(tx, id, this.seal(id, request, kept));
      else await this.keep(tx, id, request, kept);
    });
  }

  private seal(id: Buffer, request: KeyedRequest, kept: KeptAnswer): Buffer {
    return this.sealerOf(request).seal(JSON.stringify(kept), id.toString('hex'));
  }

  /** The Idempotency-Key is part of the secret, and only its digest is stored: an answer opens for who sends the key again. */
  private sealerOf({ key }: KeyedRequest): Sealer {
    return new Sealer(this.secret, `idempotency ${key}`);
  }
}

function scopeOf({ organizationId }: KeyedRequest): Scope {
  return organizationId === null ? 'system' : { organizationId };
}
