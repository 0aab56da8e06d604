import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import { newId, type OrganizationId } from '@attune/kernel';
import { OBJECT_STORE } from '@attune/service';
import { resumableUploadPartKey, resumableUploadPrefix, type ObjectStore } from '@attune/storage';
import { partsOf } from './parts';
import { isComplete, type ResumableUpload, type UploadedPart } from './resumable-upload';
import { offsetConflict, uploadIncomplete, uploadNotFound, uploadTooLarge } from './resumable-upload.errors';
import { ResumableUploadsRepository } from './resumable-uploads.repository';

export const LARGEST_RESUMABLE_UPLOAD = Symbol('attune:largest-resumable-upload');

/** What one append holds in memory, and the most that a broken connection or a killed process costs its client. */
const PART_BYTES = 8 * 1024 * 1024;
const BATCH = 100;

/**
 * Uploads that survive broken connections and restarts. Bytes are stored as parts, each an object of its own that counts from
 * the moment its row is committed; where the next part begins is checked by that same commit, so two clients of one
 * upload never mix.
 */
@Injectable()
export class ResumableUploadsService {
  constructor(
    private readonly database: Database,
    private readonly uploads: ResumableUploadsRepository,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(LARGEST_RESUMABLE_UPLOAD) private readonly limitBytes: number,
  ) {}

  /** Throws PAYLOAD_TOO_LARGE for what could be neither a recording nor an archive. */
  async create(organizationId: OrganizationId, filename: string, lengthBytes: number): Promise<ResumableUpload> {
    if (lengthBytes > this.limitBytes) throw uploadTooLarge(this.limitBytes);
    const upload = { id: newId(), organizationId, filename, lengthBytes };
    const expiresAt = await this.database.runInTransaction(upload, (tx) => this.uploads.insert(tx, upload));
    return { ...upload, offsetBytes: 0, expiresAt };
  }

  /** Throws UPLOAD_NOT_FOUND. */
  async get(organizationId: OrganizationId, id: string): Promise<ResumableUpload> {
    const upload = await this.database.read({ organizationId }, (tx) => this.uploads.find(tx, organizationId, id));
    if (!upload) throw uploadNotFound();
    return upload;
  }

  /**
   * Appends bytes that begin at `offsetBytes`. Of a stream that breaks, what came of it counts. Throws UPLOAD_NOT_FOUND,
   * UPLOAD_OFFSET_CONFLICT when the upload ends elsewhere, PAYLOAD_TOO_LARGE for more than was announced.
   */
  async append(
    organizationId: OrganizationId,
    id: string,
    offsetBytes: number,
    source: Readable,
  ): Promise<ResumableUpload> {
    const upload = await this.get(organizationId, id);
    if (upload.offsetBytes !== offsetBytes) throw offsetConflict(upload.offsetBytes);
    let end = offsetBytes;
    for await (const content of partsOf(source, PART_BYTES)) {
      if (end + content.length > upload.lengthBytes) throw uploadTooLarge(upload.lengthBytes);
      await this.storePart(upload, { id: newId(), offsetBytes: end, bytes: content.length }, content);
      end += content.length;
    }
    return this.get(organizationId, id);
  }

  /** The bytes of a complete upload. Throws UPLOAD_NOT_FOUND, UPLOAD_INCOMPLETE. */
  async open(organizationId: OrganizationId, id: string): Promise<{ upload: ResumableUpload; content: Readable }> {
    const upload = await this.get(organizationId, id);
    if (!isComplete(upload)) throw uploadIncomplete(upload);
    const parts = await this.database.read(upload, (tx) => this.uploads.listParts(tx, upload));
    return { upload, content: Readable.from(this.contentOf(upload, parts), { objectMode: false }) };
  }

  /** Throws UPLOAD_NOT_FOUND. The reconciler removes what fails here: for its owner the upload is gone already. */
  async remove(organizationId: OrganizationId, id: string): Promise<void> {
    const isEnded = await this.database.runInTransaction({ organizationId }, (tx) =>
      this.uploads.expire(tx, organizationId, id),
    );
    if (!isEnded) throw uploadNotFound();
    await this.erase(organizationId, id).catch(() => undefined);
  }

  /** Removes uploads whose time is over; answers how many. */
  async removeExpired(signal: AbortSignal): Promise<number> {
    const expired = await this.database.read('system', (tx) => this.uploads.listExpired(tx, BATCH));
    let removed = 0;
    for (const { organizationId, id } of expired) {
      if (signal.aborted) break;
      await this.erase(organizationId, id);
      removed += 1;
    }
    return removed;
  }

  private async storePart(upload: ResumableUpload, part: UploadedPart, content: Buffer): Promise<void> {
    const key = resumableUploadPartKey(upload.organizationId, upload.id, part.id);
    await this.store.put(key, Readable.from([content]));
    const isAppended = await this.database.runInTransaction(upload, (tx) => this.uploads.append(tx, upload, part));
    if (isAppended) return;
    // Somebody else went on from here meanwhile, or the upload is gone: these bytes are nobody's.
    await this.store.delete(key);
    throw offsetConflict((await this.get(upload.organizationId, upload.id)).offsetBytes);
  }

  private async *contentOf(upload: ResumableUpload, parts: readonly UploadedPart[]): AsyncGenerator<Buffer> {
    for (const part of parts) {
      const content = await this.store.get(resumableUploadPartKey(upload.organizationId, upload.id, part.id));
      yield* content as AsyncIterable<Buffer>;
    }
  }

  /** Bytes first: while the row stands, the next pass removes what this could not. */
  private async erase(organizationId: OrganizationId, id: string): Promise<void> {
    await this.store.deletePrefix(resumableUploadPrefix(organizationId, id));
    await this.database.runInTransaction({ organizationId }, (tx) => this.uploads.delete(tx, organizationId, id));
  }
}
