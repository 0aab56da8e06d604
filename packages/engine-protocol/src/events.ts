import { z } from 'zod';
import { absolutePath, digest } from './shapes';

export const engineStages = [
  'loading',
  'preparing',
  'training',
  'validating',
  'packaging',
  'verifying',
  'transcribing',
  'aligning',
] as const;
export type EngineStage = (typeof engineStages)[number];

export const metricNames = [
  'train_loss',
  'learning_rate',
  'validation_wer',
  'validation_loss',
  'audio_seconds_per_second',
] as const;

export const engineErrorCodes = [
  'BAD_DATA',
  'BAD_JOB',
  'BASE_UNREADABLE',
  'VERIFICATION_FAILED',
  'OUT_OF_MEMORY',
  'INTERNAL',
] as const;

const bytes = z.number().int().nonnegative();
const artifactFile = z.object({ path: z.string().min(1), bytes, sha256: digest });

/** One line of `train`, `transcribe JOB` or `align` on stdout. */
export const engineEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stage'), stage: z.enum(engineStages) }),
  z.object({
    type: z.literal('progress'),
    done: z.number().int().nonnegative(),
    total: z.number().int().nonnegative(),
    eta_seconds: z.number().nonnegative().nullable(),
  }),
  z.object({
    type: z.literal('metric'),
    name: z.enum(metricNames),
    value: z.number(),
    step: z.number().int().nonnegative(),
    epoch: z.number().int().nonnegative(),
  }),
  z.object({ type: z.literal('log'), level: z.enum(['info', 'warning', 'error']), message: z.string() }),
  z.object({
    type: z.literal('checkpoint'),
    path: absolutePath,
    step: z.number().int().nonnegative(),
    bytes,
    sha256: digest,
  }),
  z.object({
    type: z.literal('artifact'),
    directory: absolutePath,
    files: z.array(artifactFile).min(1),
    digest,
    metrics: z.record(z.unknown()),
  }),
  z.object({ type: z.literal('error'), code: z.enum(engineErrorCodes), message: z.string() }),
]);
export type EngineEvent = z.infer<typeof engineEvent>;
export type CheckpointEvent = Extract<EngineEvent, { type: 'checkpoint' }>;
export type ArtifactEvent = Extract<EngineEvent, { type: 'artifact' }>;
export type EngineError = Extract<EngineEvent, { type: 'error' }>;
