import type { Readable } from 'node:stream';
import { Client, S3Error } from 'minio';
import { systemClock, type Clock } from '@attune/kernel';
import type { S3StoreConfig } from '../config';
import { inParts, Meter } from '../in-parts';
import { checkedKey, checkedPrefix } from '../keys';
import type { ByteRange, ObjectStat, ObjectStore, PutOptions, SignedPut, StoredObject } from '../object-store';
import { ObjectAlreadyExists, ObjectNotFound } from '../object-store.errors';
import { presign } from './presign';

/** 8 MiB times S3's 10,000 parts is 80 GB, far above any object of ours. */
export const PART_BYTES = 8 * 1024 * 1024;

const WRITE_ONCE = { 'if-none-match': '*' };

/**
 * ObjectStore on any S3 server, through the minio client. Writes do not use the client's own putObject: it waits for ever on
 * a source that fails, it goes on with whatever unfinished upload of the key it finds, and it cannot make a multipart upload write-once.
 */
export class S3Store implements ObjectStore {
  private readonly client: Client;

  constructor(
    private readonly config: S3StoreConfig,
    private readonly clock: Clock = systemClock,
  ) {
    const endpoint = new URL(config.endpoint);
    const useSSL = endpoint.protocol === 'https:';
    this.client = new Client({
      endPoint: endpoint.hostname,
      port: endpoint.port === '' ? (useSSL ? 443 : 80) : Number(endpoint.port),
      useSSL,
      accessKey: config.accessKey,
      secretKey: config.secretKey,
      region: config.region,
      partSize: PART_BYTES,
    });
  }

  async prepare(): Promise<void> {
    if (await this.client.bucketExists(this.config.bucket)) return;
    await this.client.makeBucket(this.config.bucket, this.config.region).catch((error: unknown) => {
      // Several services start at once; whoever was first made it.
      if (!hasCode(error, 'BucketAlreadyOwnedByYou', 'BucketAlreadyExists')) throw error;
    });
  }

  async put(key: string, body: Readable, options: PutOptions = {}): Promise<StoredObject> {
    checkedKey(key);
    const headers: Record<string, string> = { 'content-type': options.contentType ?? 'application/octet-stream' };
    const condition = options.ifAbsent === true ? WRITE_ONCE : {};
    const meter = new Meter(key, options.sha256);
    const parts = inParts(body, PART_BYTES, meter);
    try {
      const first = await parts.next();
      const only = first.value ?? Buffer.alloc(0);
      if (only.length === PART_BYTES) return await this.putParts(key, meter, only, parts, headers, condition);
      const stored = meter.result();
      await this.putWhole(key, only, { ...headers, ...condition });
      return stored;
    } catch (error) {
      throw hasCode(error, 'PreconditionFailed', 'ConditionalRequestConflict')
        ? new ObjectAlreadyExists(key, error)
        : error;
    } finally {
      body.destroy();
    }
  }

  async get(key: string, options: { range?: ByteRange } = {}): Promise<Readable> {
    const { start, end } = options.range ?? { start: 0 };
    // The client takes a length of 0 for "to the end".
    const length = end === undefined ? 0 : end - start + 1;
    return this.orNotFound(key, () => this.client.getPartialObject(this.config.bucket, checkedKey(key), start, length));
  }

  async stat(key: string): Promise<ObjectStat> {
    const found = await this.orNotFound(key, () => this.client.statObject(this.config.bucket, checkedKey(key)));
    return { key, bytes: found.size, modifiedAt: found.lastModified };
  }

  async exists(key: string): Promise<boolean> {
    return this.stat(key).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ObjectNotFound) return false;
        throw error;
      },
    );
  }

  async copy(from: string, to: string): Promise<void> {
    const source = `/${this.config.bucket}/${checkedKey(from)}`;
    await this.orNotFound(from, () => this.client.copyObject(this.config.bucket, checkedKey(to), source));
  }

  async delete(key: string): Promise<void> {
    await this.client.removeObject(this.config.bucket, checkedKey(key));
  }

  async deletePrefix(prefix: string): Promise<number> {
    await this.abortUploads(checkedPrefix(prefix), () => true);
    let removed = 0;
    let batch: string[] = [];
    const flush = async (): Promise<void> => {
      const answers = await this.client.removeObjects(this.config.bucket, batch);
      const refused = answers.find((answer) => answer?.Error !== undefined)?.Error;
      if (refused !== undefined)
        throw new Error(`the store did not remove ${refused.Key ?? prefix}: ${refused.Message ?? ''}`);
      removed += batch.length;
      batch = [];
    };
    for await (const { key } of this.list(prefix)) {
      batch.push(key);
      if (batch.length === 1000) await flush();
    }
    if (batch.length > 0) await flush();
    return removed;
  }

  async *list(prefix: string): AsyncGenerator<ObjectStat, void> {
    const found = this.client.listObjectsV2(this.config.bucket, checkedPrefix(prefix), true);
    for await (const entry of found as AsyncIterable<{ name: string; size: number; lastModified: Date }>) {
      yield { key: entry.name, bytes: entry.size, modifiedAt: entry.lastModified };
    }
  }

  signedGet(key: string, ttlSeconds: number): Promise<string> {
    return Promise.resolve(presign(this.config, { method: 'GET', key: checkedKey(key), ttlSeconds }, this.clock.now()));
  }

  signedPut(key: string, ttlSeconds: number, sha256?: string): Promise<SignedPut> {
    const headers = { ...WRITE_ONCE, ...(sha256 === undefined ? {} : { 'x-amz-checksum-sha256': toBase64(sha256) }) };
    const request = { method: 'PUT', key: checkedKey(key), ttlSeconds, headers } as const;
    return Promise.resolve({ url: presign(this.config, request, this.clock.now()), headers });
  }

  async removeIncompleteUploads(seconds: number): Promise<number> {
    const before = this.clock.now().getTime() - seconds * 1000;
    return this.abortUploads('', (begun) => begun.getTime() <= before);
  }

  private async putWhole(key: string, content: Buffer, headers: Record<string, string>): Promise<void> {
    await this.client.makeRequestAsyncOmit(
      { method: 'PUT', bucketName: this.config.bucket, objectName: key, headers: { ...headers } },
      content,
    );
  }

  /** Uploads one part while the next fills, so at most two are in memory. Whatever fails, no unfinished upload stays behind. */
  private async putParts(
    key: string,
    meter: Meter,
    first: Buffer,
    rest: AsyncGenerator<Buffer, void>,
    headers: Record<string, string>,
    condition: Record<string, string>,
  ): Promise<StoredObject> {
    const uploadId = await this.client.initiateNewMultipartUpload(this.config.bucket, key, headers);
    let travelling: Promise<unknown> = Promise.resolve();
    try {
      const etags: string[] = [];
      for (let part: Buffer | undefined = first, number = 1; part !== undefined; number += 1) {
        const sent = this.sendPart(key, uploadId, number, part);
        travelling = sent;
        const [etag, following] = await Promise.all([sent, rest.next()]);
        etags.push(etag);
        part = following.done === true ? undefined : following.value;
      }
      const stored = meter.result();
      await this.completeUpload(key, uploadId, etags, condition);
      return stored;
    } catch (error) {
      await Promise.allSettled([travelling]);
      // The first error is the one to tell; an upload that cannot be aborted now is removed by age.
      await this.client.abortMultipartUpload(this.config.bucket, key, uploadId).catch(() => undefined);
      throw error;
    }
  }

  private async sendPart(key: string, uploadId: string, number: number, content: Buffer): Promise<string> {
    const query = `partNumber=${String(number)}&uploadId=${encodeURIComponent(uploadId)}`;
    const request = { method: 'PUT', bucketName: this.config.bucket, objectName: key, query, headers: {} };
    const answer = await this.client.makeRequestAsyncOmit(request, content);
    const etag = answer.headers.etag;
    if (etag === undefined) throw new Error(`the store gave part ${String(number)} of ${key} no ETag`);
    return etag;
  }

  private async completeUpload(
    key: string,
    uploadId: string,
    etags: string[],
    condition: Record<string, string>,
  ): Promise<void> {
    const parts = etags
      .map((etag, i) => `<Part><PartNumber>${String(i + 1)}</PartNumber><ETag>${etag}</ETag></Part>`)
      .join('');
    const answer = await this.client.makeRequestAsync(
      {
        method: 'POST',
        bucketName: this.config.bucket,
        objectName: key,
        query: `uploadId=${encodeURIComponent(uploadId)}`,
        headers: { ...condition },
      },
      `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`,
    );
    // S3 may answer 200 and report a failure in the body (API reference, CompleteMultipartUpload).
    let text = '';
    for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString('utf8');
    if (text.includes('<Error>')) throw new Error(`the store did not complete the upload of ${key}: ${text}`);
  }

  private async abortUploads(prefix: string, chosen: (begun: Date) => boolean): Promise<number> {
    const { bucket } = this.config;
    let aborted = 0;
    let keyMarker = '';
    let uploadIdMarker = '';
    for (;;) {
      const page = await this.client.listIncompleteUploadsQuery(bucket, prefix, keyMarker, uploadIdMarker, '');
      for (const upload of page.uploads) {
        if (!chosen(upload.initiated)) continue;
        await this.client.abortMultipartUpload(bucket, upload.key, upload.uploadId);
        aborted += 1;
      }
      if (!page.isTruncated) return aborted;
      keyMarker = page.nextKeyMarker;
      uploadIdMarker = page.nextUploadIdMarker;
    }
  }

  private async orNotFound<T>(key: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw hasCode(error, 'NoSuchKey', 'NotFound') ? new ObjectNotFound(key, error) : error;
    }
  }
}

/** `sha256:<hex>` as S3's checksum headers write it. */
function toBase64(sha256: string): string {
  return Buffer.from(sha256.slice('sha256:'.length), 'hex').toString('base64');
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof S3Error && error.code !== undefined && codes.includes(error.code);
}
