import { z } from 'zod';
import { absolutePath, seconds, word } from './shapes';

/** One line on the stdin of `transcribe --serve`. */
export const serveRequest = z.object({
  id: z.string().min(1),
  model_directory: absolutePath,
  audio: absolutePath,
  language: z.string().min(2),
  beam_size: z.number().int().positive().nullish(),
  hotwords: z.string().nullish(),
});
export type ServeRequest = z.infer<typeof serveRequest>;

/** The first line on stdout. */
export const serveReady = z.object({ type: z.literal('ready'), versions: z.record(z.string()) });
export type ServeReady = z.infer<typeof serveReady>;

export const serveErrorCodes = ['BAD_AUDIO', 'UNSUPPORTED_LANGUAGE', 'MODEL_UNREADABLE', 'INTERNAL'] as const;
export type ServeErrorCode = (typeof serveErrorCodes)[number];

export const serveResult = z.object({
  id: z.string(),
  text: z.string(),
  language: z.string(),
  duration: seconds,
  words: z.array(word),
  /** What the engine itself took, without waiting in a queue. */
  engine_ms: z.number().nonnegative(),
});
export type ServeResult = z.infer<typeof serveResult>;

const serveFailure = z.object({
  id: z.string(),
  error: z.object({ code: z.enum(serveErrorCodes), message: z.string() }),
});

/** Every further line on stdout: the answer to the request of that id. */
export const serveResponse = z.union([serveResult, serveFailure]);
export type ServeResponse = z.infer<typeof serveResponse>;
