import { Inject, Injectable } from '@nestjs/common';
import { scopes as knownScopes } from '@attune/contracts';
import type { Tx } from '@attune/database';
import { Authenticator, type Principal } from '@attune/http';
import { newId, RecentAnswers, type ApiKeyId, type Clock, type OrganizationId } from '@attune/kernel';
import { CLOCK } from '@attune/service';
import { hashApiKey, lastFourOf, makeApiKey, matchesHash, publicIdOf, type ApiKey, type ApiKeyOrder } from './api-key';
import { expiredApiKey, invalidApiKey, revokedApiKey } from './api-key.errors';
import { ApiKeysRepository } from './api-keys.repository';

/** Server secret that keyed hashes are made with, from the environment. */
export const API_KEY_PEPPER = Symbol('attune:api-key-pepper');

/**
 * What is known of a key is used this long, by the process's own monotonic clock: a revoked key is refused a second later at
 * most on every instance, which leaves the answers under way a quarter of it.
 */
const CACHE_MS = 750;
const KNOWN_USES = 10_000;
const TOUCH_EVERY_MS = 60_000;

/** Makes keys, and turns a key into a principal. */
@Injectable()
export class ApiKeysService extends Authenticator {
  /** By public id. */
  private readonly recent = new RecentAnswers<string, ApiKey>((id) => this.repository.findByPublicId(id), {
    maxAgeMs: CACHE_MS,
  });
  private readonly touched = new Map<string, number>();

  constructor(
    private readonly repository: ApiKeysRepository,
    @Inject(API_KEY_PEPPER) private readonly pepper: string,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super();
  }

  /** Junk is refused by its checksum, without a query. Throws INVALID_API_KEY or KEY_REVOKED. */
  async authenticate(bearer: string): Promise<Principal> {
    const publicId = publicIdOf(bearer);
    if (publicId === null) throw invalidApiKey();
    const key = await this.recent.get(publicId);
    if (!key || !matchesHash(bearer, key.hash, this.pepper)) throw invalidApiKey();
    if (key.revokedAt) throw revokedApiKey();
    if (key.expiresAt && key.expiresAt <= this.clock.now()) throw expiredApiKey();
    this.noteUse(key);
    // A scope that this build does not know grants nothing.
    const scopes = knownScopes.filter((scope) => key.scopes.includes(scope));
    return { organizationId: key.organizationId, keyId: key.id, scopes };
  }

  /** A new key of the organization; its text exists in this answer only. */
  async create(
    tx: Tx,
    organizationId: OrganizationId,
    order: Omit<ApiKeyOrder, 'expiresAt'> & Partial<ApiKeyOrder>,
  ): Promise<{ id: ApiKeyId; key: string }> {
    const key = makeApiKey();
    const publicId = publicIdOf(key);
    if (publicId === null) throw new Error('made a key that does not read as one');
    const id = newId<ApiKeyId>();
    await this.repository.insert(tx, {
      id,
      organizationId,
      publicId,
      keyHash: hashApiKey(key, this.pepper),
      last4: lastFourOf(key),
      name: order.name,
      scopes: [...order.scopes],
      expiresAt: order.expiresAt ?? null,
    });
    return { id, key };
  }

  /** Forgets what is known of a key, on this instance: the next use asks the database. */
  forget(publicId: string): void {
    this.recent.forget(publicId);
  }

  /** Coarse and never waited for: a failed note of use refuses nobody. */
  private noteUse(key: ApiKey): void {
    const now = this.clock.now().getTime();
    if ((this.touched.get(key.id) ?? 0) > now - TOUCH_EVERY_MS) return;
    if (this.touched.size >= KNOWN_USES) this.touched.clear();
    this.touched.set(key.id, now);
    void this.repository.touch(key).catch(() => this.touched.delete(key.id));
  }
}
