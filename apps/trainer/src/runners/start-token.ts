import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A random token for one start of one run; only its hash is stored. 256 random bits need no salt and no slow hash. */
export function newStartToken(): { token: string; hash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: hashToken(token) };
}

export function fitsToken(token: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashToken(token), 'hex'), Buffer.from(hash, 'hex'));
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
