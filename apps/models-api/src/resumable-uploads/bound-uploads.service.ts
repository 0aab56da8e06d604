import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { ArchiveReceiver } from '../archives/archive-receiver';
import { ArchivesService, type ArchiveState } from '../archives/archives.service';
import type { DataType } from '../data-items/data-item';
import type { UploadPart } from '../data-items/upload';
import { UploadsService, type UploadResult } from '../data-items/uploads.service';
import { ResumableUploadsService } from './resumable-uploads.service';

/** A pair whose recording, and perhaps transcript, came in by resumable uploads. */
export interface BoundPair {
  dataType: DataType;
  audioUploadId: string;
  transcript: { text: string } | { uploadId: string };
}

/** Makes pairs and archives of complete uploads, which are gone then. What is refused stays to be bound in another way. */
@Injectable()
export class BoundUploadsService {
  constructor(
    private readonly resumable: ResumableUploadsService,
    private readonly uploads: UploadsService,
    private readonly archives: ArchivesService,
    private readonly archiveReceiver: ArchiveReceiver,
  ) {}

  /** As an upload of the pair itself. Throws UPLOAD_NOT_FOUND, UPLOAD_INCOMPLETE, and what that throws. */
  async bindPair(organizationId: OrganizationId, modelId: ModelId | null, pair: BoundPair): Promise<UploadResult> {
    const result = await this.uploads.upload(organizationId, modelId, this.partsOf(organizationId, pair));
    const used = [pair.audioUploadId, ...('uploadId' in pair.transcript ? [pair.transcript.uploadId] : [])];
    for (const id of used) await this.letGo(organizationId, id);
    return result;
  }

  /** As an upload of the archive itself. Throws UPLOAD_NOT_FOUND, UPLOAD_INCOMPLETE, and what that throws. */
  async bindArchive(
    organizationId: OrganizationId,
    modelId: ModelId | null,
    uploadId: string,
    dataType: DataType | null,
  ): Promise<ArchiveState> {
    const state = await this.archives.accept(organizationId, modelId, async (place) => {
      const { upload, content } = await this.resumable.open(organizationId, uploadId);
      return { ...(await this.archiveReceiver.receive(place, upload.filename, content)), dataType };
    });
    await this.letGo(organizationId, uploadId);
    return state;
  }

  /** The same parts as of a form. */
  private async *partsOf(organizationId: OrganizationId, pair: BoundPair): AsyncGenerator<UploadPart> {
    yield { kind: 'field', name: 'type', value: pair.dataType };
    if ('text' in pair.transcript) {
      const bytes = Readable.from([Buffer.from(pair.transcript.text, 'utf8')]);
      yield { kind: 'file', name: 'transcript_file', filename: 'transcript.txt', bytes };
    } else yield this.filePart(organizationId, 'transcript_file', pair.transcript.uploadId);
    yield this.filePart(organizationId, 'audio_file', pair.audioUploadId);
  }

  private async filePart(organizationId: OrganizationId, name: string, uploadId: string): Promise<UploadPart> {
    const { upload, content } = await this.resumable.open(organizationId, uploadId);
    return { kind: 'file', name, filename: upload.filename, bytes: content };
  }

  /** Its bytes are stored elsewhere by now: should this fail, they go when their time is over. */
  private async letGo(organizationId: OrganizationId, uploadId: string): Promise<void> {
    await this.resumable.remove(organizationId, uploadId).catch(() => undefined);
  }
}
