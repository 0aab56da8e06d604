import type { Transcript } from '@attune/contracts';
import type { ServeResult } from '@attune/engine-protocol';
import type { Transcription } from './transcription';

export function fromServeResult(result: ServeResult, model: string): Transcription {
  return {
    text: result.text,
    words: result.words.map(({ word, start, end, confidence }) => ({
      word,
      startSeconds: start,
      endSeconds: end,
      confidence: Math.min(1, Math.max(0, confidence)),
    })),
    durationSeconds: result.duration,
    model,
    language: result.language,
  };
}

export function toApiTranscript(transcription: Transcription): Transcript {
  return {
    text: transcription.text,
    words: transcription.words.map(({ word, startSeconds, endSeconds, confidence }) => ({
      word,
      start: startSeconds,
      end: endSeconds,
      confidence,
    })),
    duration: transcription.durationSeconds,
    model: transcription.model,
    language: transcription.language,
  };
}
