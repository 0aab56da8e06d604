import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';

/** What tells a request's body from another's, as far as it has been read. */
export interface RequestFingerprint {
  /** True for a body that the handler reads itself, as it comes in. */
  readonly isStream: boolean;
  /** Of what has been read until now: everything, for a body that was parsed. */
  soFar(): Buffer;
  /** How many bytes were read until now; 0 for a body that was parsed. */
  readonly bytes: number;
  /** Reads what is left and throws it away; null when there is more than `limitBytes` in all. */
  readAll(limitBytes: number): Promise<Buffer | null>;
}

/** Headers that say what others say in a body: tus announces an upload in them. */
const IN_HEADERS = /^upload-/;

/** Of the query and the body of a request. A body that nobody has parsed is followed while its handler reads it. */
export function fingerprintOf(request: FastifyRequest): RequestFingerprint {
  const headers = Object.entries(request.headers).filter(([name]) => IN_HEADERS.test(name));
  const outside = [request.query, Object.fromEntries(headers)];
  const hash = createHash('sha256').update(canonicalJson(outside)).update('\n');
  if (hasUnreadBody(request)) return new StreamFingerprint(hash, request.raw);
  const digest = hash.update(canonicalJson(request.body)).digest();
  return { isStream: false, bytes: 0, soFar: () => digest, readAll: () => Promise.resolve(digest) };
}

function hasUnreadBody({ body, headers }: FastifyRequest): boolean {
  const isSent = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return isSent && (body === undefined || body === null);
}

/** JSON with its fields in order: a client that writes them in another one sends the same request. */
export function canonicalJson(value: unknown): string {
  const inOrder = (_: string, part: unknown): unknown =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return value === undefined ? '' : JSON.stringify(value, inOrder);
}

/**
 * Follows a body while somebody else reads it. The boundary of a multipart body is left out, since every client draws a new
 * one for every try; what comes after the last boundary is, too, since nobody waits for it.
 */
class StreamFingerprint implements RequestFingerprint {
  readonly isStream = true;
  bytes = 0;
  private readonly boundary: Buffer | null;
  private atBoundary: Hash | null = null;
  private rest = Buffer.alloc(0);

  constructor(
    private readonly hash: Hash,
    private readonly raw: IncomingMessage,
  ) {
    const type = raw.headers['content-type'] ?? '';
    const boundary = boundaryOf(type);
    this.boundary = boundary === null ? null : Buffer.from(boundary, 'latin1');
    hash.update(boundary === null ? type : type.replace(boundary, '')).update('\n');
    // A listener must not set the stream going before its reader is there; `pause` says that somebody will.
    raw.pause();
    raw.on('data', (chunk: Buffer) => this.follow(chunk));
  }

  soFar(): Buffer {
    if (this.boundary !== null) return (this.atBoundary ?? this.hash).copy().digest();
    return this.hash.copy().digest();
  }

  async readAll(limitBytes: number): Promise<Buffer | null> {
    const { raw } = this;
    if (raw.readableEnded || raw.destroyed) return this.soFar();
    return new Promise((resolve) => {
      const end = (fingerprint: Buffer | null): void => {
        raw.off('data', watch).off('end', done).off('close', done);
        raw.pause();
        resolve(fingerprint);
      };
      const done = (): void => end(this.soFar());
      const watch = (): void => {
        if (this.bytes > limitBytes) end(null);
      };
      raw.on('data', watch).once('end', done).once('close', done);
      raw.resume();
    });
  }

  private follow(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.boundary === null) {
      this.hash.update(chunk);
      return;
    }
    let text = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (let at = text.indexOf(this.boundary); at >= 0; at = text.indexOf(this.boundary)) {
      this.hash.update(text.subarray(0, at));
      this.atBoundary = this.hash.copy();
      text = text.subarray(at + this.boundary.length);
    }
    // The beginning of a boundary may be at the end of this chunk.
    const certain = Math.max(0, text.length - this.boundary.length + 1);
    this.hash.update(text.subarray(0, certain));
    this.rest = Buffer.from(text.subarray(certain));
  }
}

function boundaryOf(contentType: string): string | null {
  const found = /^multipart\/[^;]+;.*?boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  return found?.[1] ?? found?.[2] ?? null;
}
