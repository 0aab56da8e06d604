import type { ApiKeyRecord as ApiRecord, createApiKeyBody, CreatedApiKey } from '@attune/contracts';
import { isUuid, type ApiKeyId } from '@attune/kernel';
import type { z } from 'zod';
import { toApiTime } from '../models/model.convert';
import { prefixOf, type ApiKeyOrder, type ApiKeyRecord } from './api-key';

const timeOrNull = (at: Date | null): string | null => at && toApiTime(at);

/** Everything of a key but the key. */
export function toApiKeyRecord(record: ApiKeyRecord): ApiRecord {
  return {
    id: record.id,
    organization_id: record.organizationId,
    name: record.name,
    prefix: prefixOf(record.publicId),
    last4: record.last4,
    scopes: [...record.scopes],
    created_at: toApiTime(record.createdAt),
    expires_at: timeOrNull(record.expiresAt),
    last_used_at: timeOrNull(record.lastUsedAt),
    revoked_at: timeOrNull(record.revokedAt),
  };
}

export function toApiCreatedKey({ record, key }: { record: ApiKeyRecord; key: string }): CreatedApiKey {
  return { ...toApiKeyRecord(record), key };
}

export function fromApiKeyOrder(body: z.infer<typeof createApiKeyBody>): ApiKeyOrder {
  const { name, scopes, expires_at: expiresAt } = body;
  return { name, scopes, expiresAt: expiresAt === null || expiresAt === undefined ? null : new Date(expiresAt) };
}

/** The id in a path; null for what is none, which is a missing key and never a bad request. */
export function fromApiKeyId(text: string): ApiKeyId | null {
  return isUuid(text) ? (text as ApiKeyId) : null;
}
