import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ApiKeyId, OrganizationId } from '@attune/kernel';

/**
 * An API key reads `attune_<8 public id><32 random><6 checksum>`, all base62. The random part has 190 bits, so a keyed
 * hash is enough to store it; the checksum (CRC-32 of all before it, as GitHub's tokens have it) refuses junk without
 * a query; the prefix lets scanners for leaked secrets find it.
 */
const PREFIX = 'attune_';
const ID_LENGTH = 8;
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const FORM = new RegExp(
  `^${PREFIX}([0-9A-Za-z]{${String(ID_LENGTH)}})[0-9A-Za-z]{${String(RANDOM_LENGTH + CHECKSUM_LENGTH)}}$`,
);
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** What is stored of a key: never the key itself. */
export interface ApiKey {
  id: ApiKeyId;
  organizationId: OrganizationId;
  publicId: string;
  hash: Buffer;
  scopes: readonly string[];
  expiresAt: Date | null;
  revokedAt: Date | null;
}

/** A key as operators see it. */
export interface ApiKeyRecord extends Omit<ApiKey, 'hash'> {
  name: string;
  last4: string;
  createdAt: Date;
  /** To the minute. */
  lastUsedAt: Date | null;
}

/** What a key may be asked for. */
export interface ApiKeyOrder {
  name: string;
  scopes: readonly string[];
  /** Null: never. */
  expiresAt: Date | null;
}

/** A new key, to be shown once. */
export function makeApiKey(): string {
  const body = PREFIX + randomBase62(ID_LENGTH + RANDOM_LENGTH);
  return body + checksum(body);
}

/** The public id in a key of the right form and checksum; null for anything else. */
export function publicIdOf(key: string): string | null {
  const id = FORM.exec(key)?.[1];
  if (id === undefined) return null;
  return checksum(key.slice(0, -CHECKSUM_LENGTH)) === key.slice(-CHECKSUM_LENGTH) ? id : null;
}

/** HMAC-SHA-256 with the server's pepper: a stolen table alone lets nobody test guesses. */
export function hashApiKey(key: string, pepper: string): Buffer {
  return createHmac('sha256', pepper).update(key).digest();
}

/** Compares in constant time. */
export function matchesHash(key: string, hash: Buffer, pepper: string): boolean {
  const candidate = hashApiKey(key, pepper);
  return candidate.length === hash.length && timingSafeEqual(candidate, hash);
}

/** How the key begins: what may be shown of it beside its last four characters. */
export function prefixOf(publicId: string): string {
  return PREFIX + publicId;
}

/** What people recognise a key by. */
export function lastFourOf(key: string): string {
  return key.slice(-4);
}

function randomBase62(length: number): string {
  return Array.from({ length }, () => BASE62.charAt(randomInt(BASE62.length))).join('');
}

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  while (digits.length < CHECKSUM_LENGTH) {
    digits = BASE62.charAt(rest % BASE62.length) + digits;
    rest = Math.floor(rest / BASE62.length);
  }
  return digits;
}
