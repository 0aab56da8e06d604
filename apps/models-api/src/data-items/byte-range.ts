import type { ByteRange } from '@attune/storage';

const ONE_RANGE = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/;

/**
 * The part of a file that a `Range` header asks for (RFC 9110, 14.2). Null: the whole file, also where the header is not
 * understood or asks for several parts, which a server may leave out. `none`: there is no such part.
 */
export function readRange(header: string | undefined, bytes: number): Required<ByteRange> | null | 'none' {
  const parts = ONE_RANGE.exec(header ?? '');
  if (!parts) return null;
  const [, first, last, suffix] = parts;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), bytes);
    return length === 0 ? 'none' : { start: bytes - length, end: bytes - 1 };
  }
  const start = Number(first);
  const end = last === undefined || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (last !== undefined && last !== '' && Number(last) < start) return null;
  return start >= bytes ? 'none' : { start, end };
}
