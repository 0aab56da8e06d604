import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ApiKeyId, OrganizationId } from '@attune/kernel';
import type { ApiKey, ApiKeyRecord } from './api-key';
import { ApiKeyEntity } from './api-key.entity';
import { fromRowApiKey, fromRowApiKeyRecord, type ApiKeyRow } from './api-key.mapping';

export interface NewApiKey {
  id: ApiKeyId;
  organizationId: OrganizationId;
  publicId: string;
  keyHash: Buffer;
  last4: string;
  name: string;
  scopes: string[];
  expiresAt: Date | null;
}

@Injectable()
export class ApiKeysRepository {
  constructor(private readonly database: Database) {}

  /** In the platform's scope: a key is what says which organization calls. */
  async findByPublicId(publicId: string): Promise<ApiKey | null> {
    const [row] = await this.database.query<ApiKeyRow>(
      'system',
      `SELECT id, organization_id, public_id, key_hash, scopes, expires_at, revoked_at FROM api_key WHERE public_id = $1`,
      [publicId],
    );
    return row ? fromRowApiKey(row) : null;
  }

  async insert(tx: Tx, key: NewApiKey): Promise<void> {
    await tx.manager.insert(ApiKeyEntity, key);
  }

  async find(tx: Tx, organizationId: OrganizationId, id: ApiKeyId): Promise<ApiKeyRecord | null> {
    const row = await tx.manager.findOneBy(ApiKeyEntity, { id, organizationId });
    return row && fromRowApiKeyRecord(row);
  }

  /** Newest first. */
  async list(
    tx: Tx,
    organizationId: OrganizationId,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; keys: ApiKeyRecord[] }> {
    const [rows, total] = await tx.manager.findAndCount(ApiKeyEntity, {
      where: { organizationId },
      order: { id: 'DESC' },
      skip: page.offset,
      take: page.limit,
    });
    return { total, keys: rows.map(fromRowApiKeyRecord) };
  }

  /** For ever: the time of the first revocation stays. False when there is no such key. */
  async revoke(tx: Tx, organizationId: OrganizationId, id: ApiKeyId): Promise<boolean> {
    const revoked = await tx.execute(
      'UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 AND organization_id = $2',
      [id, organizationId],
    );
    return revoked > 0;
  }

  /** To the minute: a busy key costs one write a minute. */
  async touch({ id, organizationId }: Pick<ApiKey, 'id' | 'organizationId'>): Promise<void> {
    await this.database.query(
      { organizationId },
      `UPDATE api_key SET last_used_at = now()
        WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
      [id],
    );
  }
}
