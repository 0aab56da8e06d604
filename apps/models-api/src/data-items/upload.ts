import type { Readable } from 'node:stream';
import type { DataType } from './data-item';

/** A part of an upload as it comes in, in the client's order. A file's bytes are read once, before the next part. */
export type UploadPart =
  | { kind: 'field'; name: string; value: string }
  | { kind: 'file'; name: string; filename: string | undefined; bytes: Readable };

export interface UploadLimits {
  audioBytes: number;
  transcriptBytes: number;
}

/** A file that lies in quarantine now. */
export interface ReceivedFile {
  filename: string;
  bytes: number;
  sha256: string;
}

export interface ReceivedUpload {
  dataType: DataType;
  audio: ReceivedFile;
  transcript: ReceivedFile;
}

/** Room for the multipart envelope around the files: boundaries, headers, the type. */
export const ENVELOPE_BYTES = 64 * 1024;

/** The length of the largest request that could be an upload within the limits. */
export function largestRequest(limits: UploadLimits): number {
  return limits.audioBytes + limits.transcriptBytes + ENVELOPE_BYTES;
}

export function fromTypeField(value: string): DataType | null {
  return value === 'train' || value === 'test' ? value : null;
}
