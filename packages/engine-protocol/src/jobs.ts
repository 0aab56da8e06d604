import { z } from 'zod';
import { absolutePath, baseReference, digest, protocolVersion, seconds, trainingMethods, word } from './shapes';

const language = z.string().min(2);
const threads = z.number().int().positive();
const device = z.enum(['auto', 'cpu', 'cuda']);

export const trainItem = z.object({
  id: z.string().min(1),
  audio: absolutePath,
  sha256: digest,
  duration_ms: z.number().int().positive(),
  transcript: z.string().min(1),
  /** The recording that the item was cut from: items of one recording never fall on both sides of a split. */
  recording: z.string().min(1),
});
export type TrainItem = z.infer<typeof trainItem>;

/** The input of `ENGINE train`. What is null or left out the engine chooses. */
export const trainJob = z.object({
  protocol: protocolVersion,
  command: z.literal('train'),
  base: baseReference,
  language,
  method: z.enum(trainingMethods).nullish(),
  seed: z.number().int().nonnegative(),
  threads,
  device: device.nullish(),
  epochs: z.number().int().positive().nullish(),
  batch_windows: z.number().int().positive().nullish(),
  learning_rate: z.number().positive().nullish(),
  validation_fraction: z.number().min(0).max(0.5).nullish(),
  checkpoint_seconds: z.number().positive().nullish(),
  items: z.array(trainItem).min(1),
  checkpoint_directory: absolutePath,
  output_directory: absolutePath,
});
export type TrainJob = z.infer<typeof trainJob>;

/** The input of `ENGINE transcribe JOB.json`. */
export const transcribeJob = z.object({
  protocol: protocolVersion,
  command: z.literal('transcribe'),
  model_directory: absolutePath,
  language,
  threads,
  device: device.nullish(),
  beam_size: z.number().int().positive().nullish(),
  /** Whether each word's place is wanted; false saves work, and leaves `words` empty. True when left out. */
  word_times: z.boolean().nullish(),
  items: z.array(z.object({ id: z.string().min(1), audio: absolutePath })),
  results: absolutePath,
});
export type TranscribeJob = z.infer<typeof transcribeJob>;

/** One line of a transcribe job's results. */
export const transcribedItem = z.object({
  id: z.string(),
  text: z.string(),
  language: z.string(),
  duration: seconds,
  words: z.array(word),
});
export type TranscribedItem = z.infer<typeof transcribedItem>;

/** The input of `ENGINE align`. */
export const alignJob = z.object({
  protocol: protocolVersion,
  command: z.literal('align'),
  base: baseReference,
  language,
  threads,
  max_seconds: z.number().positive(),
  items: z.array(z.object({ id: z.string().min(1), audio: absolutePath, transcript: z.string().min(1) })),
  output_directory: absolutePath,
  results: absolutePath,
});
export type AlignJob = z.infer<typeof alignJob>;

/** One line of an align job's results: what could be matched, and what could not. Times in seconds of the recording. */
export const alignedItem = z.object({
  id: z.string(),
  utterances: z.array(
    z.object({ audio: absolutePath, sha256: digest, start: seconds, end: seconds, transcript: z.string().min(1) }),
  ),
  unmatched: z.array(z.object({ start: seconds, end: seconds, reason: z.string() })),
});
export type AlignedItem = z.infer<typeof alignedItem>;
