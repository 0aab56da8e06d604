import { createHmac, timingSafeEqual } from 'node:crypto';

export type SignedMethod = 'GET' | 'PUT';

/** What a signed URL of the filesystem store claims, once its signature was found right. */
export interface SignedClaim {
  method: SignedMethod;
  key: string;
  expiresAtSeconds: number;
  /** `sha256:<64 hex>` of the only bytes that a PUT may bring. */
  sha256?: string | undefined;
}

/** `?method=..&expires=<unix seconds>[&sha256=..]&signature=<hex>` for one key: HMAC-SHA-256 over all of the claim. */
export function signedQuery(secret: string, claim: SignedClaim): string {
  const { method, expiresAtSeconds, sha256 } = claim;
  const content = sha256 === undefined ? '' : `&sha256=${sha256}`;
  return `?method=${method}&expires=${String(expiresAtSeconds)}${content}&signature=${signatureOf(secret, claim).toString('hex')}`;
}

/** The claim in a request's key and query; null when anything was changed or left out. Does not look at the clock. */
export function verifySignedQuery(secret: string, key: string, query: URLSearchParams): SignedClaim | null {
  const method = query.get('method');
  const expires = query.get('expires') ?? '';
  const signature = query.get('signature') ?? '';
  if ((method !== 'GET' && method !== 'PUT') || !/^\d{1,12}$/.test(expires) || !/^[0-9a-f]{64}$/.test(signature))
    return null;
  const claim: SignedClaim = {
    method,
    key,
    expiresAtSeconds: Number(expires),
    sha256: query.get('sha256') ?? undefined,
  };
  return timingSafeEqual(Buffer.from(signature, 'hex'), signatureOf(secret, claim)) ? claim : null;
}

function signatureOf(secret: string, { method, key, expiresAtSeconds, sha256 }: SignedClaim): Buffer {
  return createHmac('sha256', secret)
    .update([method, key, String(expiresAtSeconds), sha256 ?? ''].join('\n'))
    .digest();
}
