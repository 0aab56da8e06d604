import type { Readable } from 'node:stream';

/** What a write left behind, measured on the bytes as they went by. */
export interface StoredObject {
  bytes: number;
  /** `sha256:<64 hex>`, as digests are written everywhere in the platform. */
  sha256: string;
}

export interface ObjectStat {
  key: string;
  bytes: number;
  modifiedAt: Date;
}

/** Both ends count and are zero-based, as in HTTP; without `end` the range goes to the end of the object. */
export interface ByteRange {
  start: number;
  end?: number;
}

export interface PutOptions {
  contentType?: string;
  /** Write once: refuse with ObjectAlreadyExists when the key holds an object, also when two writers race. */
  ifAbsent?: boolean;
  /** `sha256:<64 hex>` that the body must have; otherwise ObjectDigestMismatch, and nothing is stored. */
  sha256?: string;
}

/** A URL that lets whoever holds it PUT one object, until it expires. The headers belong to the signature: send them all. */
export interface SignedPut {
  url: string;
  headers: Record<string, string>;
}

/**
 * Where bytes live. Adapters: S3 (any server, through the minio client) and a folder of the local file system.
 *
 * - A reader sees whole objects only: an aborted or failed write leaves nothing under its key.
 * - No call holds more of an object in memory than two parts of 8 MiB.
 * - Keys come from keys.ts only; an adapter refuses any other form before it touches anything.
 * - Failures: ObjectNotFound and ObjectAlreadyExists (object-store.errors.ts); everything else is the server's own error, worth trying again.
 */
export interface ObjectStore {
  /** Makes the bucket or folder where it is missing. Rejects while the store cannot be used: what a readiness check asks. */
  prepare(): Promise<void>;

  /** Streams `body` to `key`, replacing what was there unless `ifAbsent`. Rejects with the body's error when the body fails. */
  put(key: string, body: Readable, options?: PutOptions): Promise<StoredObject>;

  /** The object's bytes. Throws ObjectNotFound before the stream starts; a range past the end is an error of the caller. */
  get(key: string, options?: { range?: ByteRange }): Promise<Readable>;

  /** Throws ObjectNotFound. */
  stat(key: string): Promise<ObjectStat>;

  exists(key: string): Promise<boolean>;

  /** Copies within the store, without the bytes passing through this process. Throws ObjectNotFound. */
  copy(from: string, to: string): Promise<void>;

  /** Removes the object; silently done when there is none. */
  delete(key: string): Promise<void>;

  /** Removes every object below `prefix` (which ends with `/`) and every unfinished upload there; answers how many objects. */
  deletePrefix(prefix: string): Promise<number>;

  /** Every object below `prefix` (which ends with `/`), by key in byte order. */
  list(prefix: string): AsyncIterable<ObjectStat>;

  /** A URL that lets whoever holds it GET this object (ranges too) for `ttlSeconds`. */
  signedGet(key: string, ttlSeconds: number): Promise<string>;

  /**
   * A URL for one write-once PUT of this object within `ttlSeconds`. The server answers 2xx when stored, 412 when the key already
   * holds an object, 403 when the URL was changed, or has expired on S3 (the filesystem says 410). With `sha256`
   * (`sha256:<64 hex>`) no other bytes are taken (400): give it whenever it is known, for not every S3 server notices that a
   * connection broke in the middle of a body.
   */
  signedPut(key: string, ttlSeconds: number, sha256?: string): Promise<SignedPut>;

  /** Removes uploads that were begun more than `seconds` ago and never finished; answers how many. */
  removeIncompleteUploads(seconds: number): Promise<number>;
}
