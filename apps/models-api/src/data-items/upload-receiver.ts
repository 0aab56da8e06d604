import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { OBJECT_STORE } from '@attune/service';
import { uploadAudioKey, uploadTranscriptKey, type ItemPlace, type ObjectStore } from '@attune/storage';
import { displayFilename, type DataType } from './data-item';
import { limited } from './limited';
import {
  fromTypeField,
  textDigest,
  type ReceivedFile,
  type ReceivedUpload,
  type UploadLimits,
  type UploadPart,
} from './upload';
import { fileTooLarge, invalidUpload } from './upload.errors';

export const UPLOAD_LIMITS = Symbol('attune:upload-limits');

const fileFields = {
  audio_file: { keyOf: uploadAudioKey, limit: (limits: UploadLimits) => limits.audioBytes, fallback: 'audio' },
  transcript_file: {
    keyOf: uploadTranscriptKey,
    limit: (limits: UploadLimits) => limits.transcriptBytes,
    fallback: 'transcript.txt',
  },
} as const;
type FileField = keyof typeof fileFields;

/**
 * Takes an upload's parts in any order and streams its files to the item's quarantine keys. At most two store parts of a
 * file are in memory. Throws VALIDATION_ERROR or PAYLOAD_TOO_LARGE at the first part that is wrong; what it stored until
 * then is the caller's to remove.
 */
@Injectable()
export class UploadReceiver {
  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(UPLOAD_LIMITS) private readonly limits: UploadLimits,
  ) {}

  async receive(place: ItemPlace, parts: AsyncIterable<UploadPart>): Promise<ReceivedUpload> {
    const seen = new Set<string>();
    const files: Partial<Record<FileField, ReceivedFile>> = {};
    const text: Buffer[] = [];
    let dataType: DataType | undefined;
    for await (const part of parts) {
      if (seen.has(part.name)) throw invalidUpload({ [part.name]: 'given more than once' });
      seen.add(part.name);
      if (part.kind === 'field') dataType = readField(part);
      else files[fileFieldOf(part.name)] = await this.storeFile(place, part, text);
    }
    return complete(dataType, files, textDigest(Buffer.concat(text)));
  }

  /** A transcript is kept in `text` as well: it is short, and its text tells whether the pair is stored already. */
  private async storeFile(
    place: ItemPlace,
    part: UploadPart & { kind: 'file' },
    text: Buffer[],
  ): Promise<ReceivedFile> {
    const name = fileFieldOf(part.name);
    const { keyOf, limit, fallback } = fileFields[name];
    const limitBytes = limit(this.limits);
    const keep = name === 'transcript_file' ? text : null;
    const chunks = limited(part.bytes, limitBytes, fileTooLarge(name, limitBytes), keep);
    const { bytes, sha256 } = await this.store.put(keyOf(place), Readable.from(chunks, { objectMode: false }));
    return { filename: displayFilename(part.filename, fallback), bytes, sha256 };
  }
}

function readField({ name, value }: { name: string; value: string }): DataType {
  if (isFileField(name)) throw invalidUpload({ [name]: 'must be a file' });
  if (name !== 'type') throw invalidUpload({ [name]: 'unknown field' });
  const type = fromTypeField(value);
  if (type === null) throw invalidUpload({ type: 'must be "train" or "test"' });
  return type;
}

function fileFieldOf(name: string): FileField {
  if (isFileField(name)) return name;
  throw invalidUpload({ [name]: name === 'type' ? 'must be a text field' : 'unknown field' });
}

function isFileField(name: string): name is FileField {
  return Object.hasOwn(fileFields, name);
}

function complete(
  dataType: DataType | undefined,
  files: Partial<Record<FileField, ReceivedFile>>,
  textSha256: string | null,
): ReceivedUpload {
  const { audio_file: audio, transcript_file: transcript } = files;
  if (dataType && audio && transcript) return { dataType, audio, transcript, textSha256 };
  throw invalidUpload({
    ...(dataType ? {} : { type: 'required' }),
    ...(audio ? {} : { audio_file: 'required' }),
    ...(transcript ? {} : { transcript_file: 'required' }),
  });
}
