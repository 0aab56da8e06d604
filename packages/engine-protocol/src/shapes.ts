import { z } from 'zod';

/** The version of everything in this package; a job file and `describe` carry it. */
export const PROTOCOL_VERSION = 1;

export const protocolVersion = z.literal(PROTOCOL_VERSION);
export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
export const absolutePath = z.string().regex(/^\//, 'must be an absolute path');
/** Seconds with decimals: times inside a recording. */
export const seconds = z.number().nonnegative();

export const trainingMethods = ['lora', 'full', 'decoder'] as const;
export type TrainingMethod = (typeof trainingMethods)[number];

/** A word with its place in the recording. `confidence` is a probability. */
export const word = z.object({ word: z.string(), start: seconds, end: seconds, confidence: z.number().min(0).max(1) });
export type Word = z.infer<typeof word>;

/** Where a base lies (see README, Base folder). */
export const baseReference = z.object({ directory: absolutePath, digest });

/** What `describe` prints. */
export const engineDescription = z.object({
  protocol: protocolVersion,
  engine: z.string().min(1),
  version: z.string().min(1),
  commands: z.array(z.string()),
  languages: z.array(z.string()),
  methods: z.array(z.enum(trainingMethods)),
  devices: z.array(z.string()),
  versions: z.record(z.string()),
});
export type EngineDescription = z.infer<typeof engineDescription>;
