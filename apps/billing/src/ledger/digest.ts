import { createHash } from 'node:crypto';

/** `sha256:<hex>` of a value as JSON: arrays of strings, numbers and arrays, whose text is the same wherever it is made. */
export function digestOf(value: readonly unknown[]): string {
  return digestOfBytes(JSON.stringify(value));
}

export function digestOfBytes(bytes: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
