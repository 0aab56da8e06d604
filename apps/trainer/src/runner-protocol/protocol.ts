import { z } from 'zod';

/**
 * What a runner and the trainer say to each other, over the trainer's internal HTTP listener. Every call is
 * `POST /runner/v1/runs/<run>/starts/<start>/<call>` with `Authorization: Bearer <the start's token>`. After the claim every body
 * carries the epoch. An answer of `stop` (always with 409) means that the start is no longer the run's: end at once and write no more.
 */
export const calls = ['claim', 'heartbeat', 'events', 'urls', 'checkpoint', 'complete', 'fail'] as const;
export type RunnerCall = (typeof calls)[number];

export const runnerPath = (runId: string, start: number, call: RunnerCall): string =>
  `/runner/v1/runs/${runId}/starts/${String(start)}/${call}`;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const bytes = z.number().int().nonnegative();
const epoch = z.number().int().positive();
const level = z.enum(['info', 'warning', 'error']);
/** As stages in runs/run.ts, without `queued` and `finalizing`, which no runner reports. */
const stage = z.enum(['preparing', 'training', 'evaluating']);

export const answer = z.object({ answer: z.enum(['continue', 'stop']) });
export type Answer = z.infer<typeof answer>;

/** `owner` is a random id of the process: asking twice with the same one gives the same epoch. */
export const claimRequest = z.object({ owner: z.string().uuid() });
export const checkpointRecord = z.object({
  file: z.string().regex(/^[\w.-]{1,100}$/),
  step: z.number().int().nonnegative(),
  bytes,
  sha256: digest,
});
export type CheckpointRecord = z.infer<typeof checkpointRecord>;

export const claimReply = z.object({
  epoch,
  /** Without a heartbeat for this long the run is given to another start. */
  lease_ms: z.number().int().positive(),
  language: z.string(),
  seed: z.number().int().nonnegative(),
  engine: z.string(),
  base: z.object({ digest, files: z.array(z.object({ path: z.string(), bytes, sha256: digest })) }),
  snapshot_sha256: digest,
  /** Where to go on from, left by an earlier start. */
  checkpoint: checkpointRecord.nullable(),
});
export type ClaimReply = z.infer<typeof claimReply>;

export const heartbeatRequest = z.object({ epoch });

const MAX_MESSAGE = 2000;
export const runnerEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stage'), stage }),
  z.object({
    type: z.literal('progress'),
    progress: z.number().min(0).max(100),
    eta_seconds: z.number().nonnegative().nullable(),
  }),
  z.object({ type: z.literal('log'), time: z.string().datetime(), level, stage, message: z.string().max(MAX_MESSAGE) }),
  z.object({
    type: z.literal('metric'),
    time: z.string().datetime(),
    name: z.string().max(100),
    value: z.number(),
    step: z.number().int().nonnegative(),
    epoch: z.number().int().nonnegative(),
  }),
]);
export type RunnerEvent = z.infer<typeof runnerEvent>;

/** A batch counts once for its (epoch, sequence): sequences begin at 1 and grow by 1. */
export const eventsRequest = z.object({
  epoch,
  sequence: z.number().int().positive(),
  events: z.array(runnerEvent).max(1000),
});

/** An object to read. A key is one of the snapshot's; `checkpoint` is the one that the claim named. */
export const readSource = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('snapshot') }),
  z.object({ kind: z.literal('data'), key: z.string().max(512) }),
  z.object({ kind: z.literal('base'), path: z.string() }),
  z.object({ kind: z.literal('checkpoint') }),
]);
export type ReadSource = z.infer<typeof readSource>;

/** A file's path inside a folder: plain names joined by `/`. */
const plainPath = z.string().regex(/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*$/);

/** An object to write, once, below the epoch's own prefix. */
export const writeTarget = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('artifact'), path: plainPath }),
  z.object({ kind: z.literal('checkpoint'), file: checkpointRecord.shape.file }),
  z.object({ kind: z.literal('base_decodes') }),
  z.object({ kind: z.literal('custom_decodes') }),
  z.object({ kind: z.literal('manifest') }),
]);
export type WriteTarget = z.infer<typeof writeTarget>;

export const MAX_URLS = 500;
export const urlsRequest = z.object({
  epoch,
  reads: z.array(readSource).max(MAX_URLS),
  writes: z.array(writeTarget).max(MAX_URLS),
});
/** In the order asked. The headers of a write belong to its signature. */
export const urlsReply = z.object({
  reads: z.array(z.string().url()),
  writes: z.array(z.object({ url: z.string().url(), headers: z.record(z.string()) })),
});
export type SignedWrite = z.infer<typeof urlsReply>['writes'][number];

export const checkpointRequest = checkpointRecord.extend({ epoch });

/** All objects lie in the store, the manifest last. */
export const completeRequest = z.object({
  epoch,
  manifest_sha256: digest,
  base_decodes_sha256: digest,
  custom_decodes_sha256: digest,
  evaluated_on: z.enum(['test_set', 'held_out']),
});
export type Completion = Omit<z.infer<typeof completeRequest>, 'epoch'>;

/** `data`: the run fails now. `engine`: a failed attempt. `interrupted`: the next start goes on from the last checkpoint. */
export const failRequest = z.object({
  epoch,
  kind: z.enum(['data', 'engine', 'interrupted']),
  message: z.string().min(1).max(MAX_MESSAGE),
});
export type RunnerFailure = Omit<z.infer<typeof failRequest>, 'epoch'>;
