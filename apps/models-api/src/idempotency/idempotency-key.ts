import { createHash } from 'node:crypto';
import type { OrganizationId } from '@attune/kernel';

/** What stands for a key of an organization on a route: of any length and alphabet, always 32 bytes. */
export function idOfKey(key: { organizationId: OrganizationId | null; route: string; key: string }): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([key.organizationId, key.route, key.key]))
    .digest();
}

/** The number of the lock that who answers the request holds: PostgreSQL's locks are named by a bigint. */
export function lockOfKey(id: Buffer): string {
  return id.readBigInt64BE(0).toString();
}

/** A committed effect. */
export interface KnownRequest {
  fingerprint: Buffer;
  bodyBytes: number;
  /** Null for an effect that is whole with its answer. */
  resource: string | null;
  /** Sealed; null while the answer still has to be made. */
  answer: Buffer | null;
}
