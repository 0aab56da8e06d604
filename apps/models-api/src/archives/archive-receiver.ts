import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { OBJECT_STORE } from '@attune/service';
import { archiveKey, type ObjectStore } from '@attune/storage';
import { displayFilename, type DataType } from '../data-items/data-item';
import { limited } from '../data-items/limited';
import { fromTypeField, type UploadPart } from '../data-items/upload';
import { fileTooLarge, invalidUpload } from '../data-items/upload.errors';
import { ARCHIVE_LIMITS, formatOf, type ArchiveFormat, type ArchiveLimits, type ArchivePlace } from './archive';
import { notAnArchive } from './archive.errors';

const FIELD = 'archive_file';
const HEAD_BYTES = 4;

export interface ReceivedArchive {
  filename: string;
  format: ArchiveFormat;
  bytes: number;
  dataType: DataType | null;
}

/** Streams an archive into the store. What it is, is seen by its first bytes: nothing else is stored. */
@Injectable()
export class ArchiveReceiver {
  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(ARCHIVE_LIMITS) private readonly limits: ArchiveLimits,
  ) {}

  /** From a form with `archive_file` and, if all pairs are of one type, `type`. Throws VALIDATION_ERROR, PAYLOAD_TOO_LARGE. */
  async receiveForm(place: ArchivePlace, parts: AsyncIterable<UploadPart>): Promise<ReceivedArchive> {
    let dataType: DataType | null = null;
    let stored: Omit<ReceivedArchive, 'dataType'> | null = null;
    const seen = new Set<string>();
    for await (const part of parts) {
      if (seen.has(part.name)) throw invalidUpload({ [part.name]: 'given more than once' });
      seen.add(part.name);
      if (part.kind === 'file') {
        if (part.name !== FIELD) throw invalidUpload({ [part.name]: 'unknown field' });
        stored = await this.receive(place, part.filename, part.bytes);
      } else {
        if (part.name !== 'type')
          throw invalidUpload({ [part.name]: part.name === FIELD ? 'must be a file' : 'unknown field' });
        dataType = fromTypeField(part.value);
        if (dataType === null) throw invalidUpload({ type: 'must be "train" or "test"' });
      }
    }
    if (!stored) throw invalidUpload({ [FIELD]: 'required' });
    return { ...stored, dataType };
  }

  async receive(
    place: ArchivePlace,
    filename: string | undefined,
    source: Readable,
  ): Promise<Omit<ReceivedArchive, 'dataType'>> {
    const { archiveBytes } = this.limits;
    const seen: { format: ArchiveFormat | null } = { format: null };
    const chunks = checked(limited(source, archiveBytes, fileTooLarge(FIELD, archiveBytes), null), seen);
    const { bytes } = await this.store.put(archiveKey(place), Readable.from(chunks, { objectMode: false }));
    if (seen.format === null) throw notAnArchive();
    return { filename: displayFilename(filename, 'archive'), format: seen.format, bytes };
  }
}

/** Passes bytes on when they begin as an archive does, and says as which. */
async function* checked(source: AsyncIterable<Buffer>, seen: { format: ArchiveFormat | null }): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const chunk of source) {
    if (head === null) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES) continue;
    seen.format = formatOf(head);
    if (seen.format === null) throw notAnArchive();
    yield head;
    head = null;
  }
  if (head !== null) throw notAnArchive();
}
