import { Injectable } from '@nestjs/common';
import { Database, type Scope, type Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import { lockOfKey, type KnownRequest } from './idempotency-key';

interface KeyRow {
  fingerprint: Buffer;
  body_bytes: number;
  resource: string | null;
  answer: Buffer | null;
}

export interface NewKnownRequest extends KnownRequest {
  id: Buffer;
  /** Null: the operators'. */
  organizationId: OrganizationId | null;
}

/** An expired key counts as none everywhere, whether the sweep has been there or not. */
@Injectable()
export class IdempotencyKeysRepository {
  constructor(private readonly database: Database) {}

  /** Takes the lock until the transaction ends; false when somebody else has it. */
  async tryLock(tx: Tx, id: Buffer): Promise<boolean> {
    const [row] = await tx.query<{ free: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS free', [lockOfKey(id)]);
    return row?.free === true;
  }

  async find(scope: Scope, id: Buffer): Promise<KnownRequest | null> {
    return this.database.read(scope, (tx) => this.read(tx, id));
  }

  async read(tx: Tx, id: Buffer): Promise<KnownRequest | null> {
    const [row] = await tx.query<KeyRow>(
      `SELECT fingerprint, body_bytes, resource, answer FROM idempotency_key WHERE id = $1 AND expires_at > now()`,
      [id],
    );
    if (!row) return null;
    return { fingerprint: row.fingerprint, bodyBytes: row.body_bytes, resource: row.resource, answer: row.answer };
  }

  /** False when the key is known already: then somebody else's effect stands, and the caller's must not. */
  async insert(tx: Tx, request: NewKnownRequest, lifeSeconds: number): Promise<boolean> {
    const written = await tx.execute(
      `INSERT INTO idempotency_key (id, organization_id, fingerprint, body_bytes, resource, answer, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
       ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, body_bytes = excluded.body_bytes,
         resource = excluded.resource, answer = excluded.answer, created_at = now(), expires_at = excluded.expires_at
       WHERE idempotency_key.expires_at <= now()`,
      [
        request.id,
        request.organizationId,
        request.fingerprint,
        request.bodyBytes,
        request.resource,
        request.answer,
        lifeSeconds,
      ],
    );
    return written > 0;
  }

  /** The answer of an effect that is recorded already. */
  async complete(tx: Tx, id: Buffer, answer: Buffer): Promise<void> {
    await tx.execute(`UPDATE idempotency_key SET answer = $2 WHERE id = $1 AND answer IS NULL`, [id, answer]);
  }

  /** The effect is undone: the key is free again. */
  async remove(tx: Tx, id: Buffer): Promise<void> {
    await tx.execute(`DELETE FROM idempotency_key WHERE id = $1`, [id]);
  }

  /** Answers how many it removed; call again while that is `limit`. */
  async sweep(tx: Tx, limit: number): Promise<number> {
    return tx.execute(
      `DELETE FROM idempotency_key WHERE id IN (
         SELECT id FROM idempotency_key WHERE expires_at <= now() LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit],
    );
  }
}
