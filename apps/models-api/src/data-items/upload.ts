import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { normalizeTranscript } from '@attune/transcripts';
import type { DataType } from './data-item';

/** A part of an upload as it comes in, in the client's order. A file's bytes are read once, before the next part. */
export type UploadPart =
  | { kind: 'field'; name: string; value: string }
  | { kind: 'file'; name: string; filename: string | undefined; bytes: Readable };

export interface UploadLimits {
  audioBytes: number;
  transcriptBytes: number;
  /** How long a client may say nothing in the middle of an upload; two minutes when absent. */
  silenceMs?: number;
}

/** A file that lies in quarantine now. */
export interface ReceivedFile {
  filename: string;
  bytes: number;
  sha256: string;
}

/** What an answer says of an upload. */
export interface UploadedNames {
  dataType: DataType;
  audio: { filename: string };
  transcript: { filename: string };
}

export interface ReceivedUpload extends UploadedNames {
  audio: ReceivedFile;
  transcript: ReceivedFile;
  /** Digest of the transcript's text as it will be stored; null when it cannot be read, which is ingestion's to say. */
  textSha256: string | null;
}

/** The digest by which texts are compared; null for bytes that are none. */
export function textDigest(transcript: Uint8Array): string | null {
  const normalized = normalizeTranscript(transcript);
  if (typeof normalized === 'string') return null;
  return `sha256:${createHash('sha256').update(normalized.text).digest('hex')}`;
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
