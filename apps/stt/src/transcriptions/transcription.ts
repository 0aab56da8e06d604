import type { OrganizationId } from '@attune/kernel';

export interface TranscriptionLimits {
  /** Of a recording, as it is sent. */
  audioBytes: number;
  /** Of a recording in a JSON request, decoded from base64. */
  jsonBytes: number;
  audioMs: number;
  /** Requests at once, those still sending included. */
  requests: number;
  /** Recordings decoded by ffmpeg at once. */
  decodes: number;
}

export const TRANSCRIPTION_LIMITS = Symbol('attune:transcription-limits');

/** A request whose recording lies on disk. */
export interface TranscriptionRequest {
  organizationId: OrganizationId;
  /** A base model's key or `custom_model_<id>`. */
  model: string;
  /** ISO 639-1; null: the model's own, where it has just one. */
  language: string | null;
  audioPath: string;
}

export interface Word {
  word: string;
  startSeconds: number;
  endSeconds: number;
  /** 0 to 1. */
  confidence: number;
}

export interface Transcription {
  text: string;
  words: readonly Word[];
  durationSeconds: number;
  model: string;
  language: string;
}
