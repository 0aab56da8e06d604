import type { ApiKeyId, OrganizationId } from '@attune/kernel';
import type { ApiKey, ApiKeyRecord } from './api-key';
import type { ApiKeyEntity } from './api-key.entity';

/** The columns of api_key that authentication reads, as PostgreSQL names them. */
export interface ApiKeyRow {
  id: string;
  organization_id: string;
  public_id: string;
  key_hash: Buffer;
  scopes: string[];
  expires_at: Date | null;
  revoked_at: Date | null;
}

export function fromRowApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id as ApiKeyId,
    organizationId: row.organization_id as OrganizationId,
    publicId: row.public_id,
    hash: row.key_hash,
    scopes: row.scopes,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

export function fromRowApiKeyRecord(row: ApiKeyEntity): ApiKeyRecord {
  return {
    id: row.id as ApiKeyId,
    organizationId: row.organizationId as OrganizationId,
    publicId: row.publicId,
    name: row.name,
    last4: row.last4,
    scopes: row.scopes,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    revokedAt: row.revokedAt,
    lastUsedAt: row.lastUsedAt,
  };
}
