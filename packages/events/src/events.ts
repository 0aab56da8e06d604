import { z } from 'zod';
import { plans } from '@attune/kernel';
import { entitlements, limitOverrides } from './entitlements';
import { succeededRun } from './money';
import {
  dataType,
  itemIssue,
  milliseconds,
  modelScope,
  objectKey,
  runFailure,
  runMetrics,
  runScope,
  sha256,
} from './shapes';

/** The services that own events. A stream is named after its owner and holds the owner's events only. */
export const services = ['models', 'ingestion', 'training', 'evaluation', 'billing', 'stt'] as const;
export type Service = (typeof services)[number];

/** What every version of a request says of its run. */
const runRequest = {
  ...runScope,
  snapshot_key: objectKey,
  snapshot_sha256: sha256,
  base_model: z.string(),
  base_digest: sha256,
  language: z.string(),
  training_ms: milliseconds,
};

/**
 * Every event of the platform: name -> payload. Events carry ids and changed facts, never whole entities.
 * Names are `<service>.<noun>-<past verb>.v<n>`; the part before the first dot owns it. A published version never changes.
 */
export const eventSchemas = {
  /**
   * A new organization exists; billing gives it the entitlements of its plan, except where `limits` or the minimum say
   * otherwise. A null minimum, and a limit that is not named, means the plan's own; a null limit means unlimited.
   */
  'models.organization-created.v2': z.object({
    organization_id: z.string().uuid(),
    plan: z.enum(plans),
    minimum_training_ms: milliseconds.nullable(),
    limits: limitOverrides,
  }),
  /** What an organization may do now, whole. `revision` grows with every change: an older one is stale. */
  'billing.entitlements-changed.v2': entitlements,
  /** A pair lies in quarantine and waits for its verdict. */
  'models.data-uploaded.v1': z.object({
    ...modelScope,
    item_id: z.string().uuid(),
    data_type: dataType,
    audio_key: objectKey,
    transcript_key: objectKey,
    audio_sha256: sha256,
    audio_bytes: z.number().int().nonnegative(),
  }),
  /** An archive of pairs lies in the store and waits to be unpacked, by this service itself. */
  'models.archive-uploaded.v1': z.object({ ...modelScope, archive_id: z.string().uuid() }),
  /** The pair is good: `normalized_key` holds 16 kHz mono FLAC, `transcript_key` UTF-8 text. `audio_ms` is of decoded samples. */
  'ingestion.data-validated.v1': z.object({
    ...modelScope,
    item_id: z.string().uuid(),
    audio_ms: milliseconds,
    normalized_key: objectKey,
    normalized_sha256: sha256,
    transcript_key: objectKey,
    transcript_sha256: sha256,
    issues: z.array(itemIssue),
  }),
  /** The pair is refused; nothing of it stays stored. `code` is of the public catalogue. */
  'ingestion.data-rejected.v1': z.object({
    ...modelScope,
    item_id: z.string().uuid(),
    code: z.enum(['UNSUPPORTED_AUDIO_FORMAT', 'INVALID_TRANSCRIPT', 'VALIDATION_ERROR']),
    message: z.string(),
    issues: z.array(itemIssue),
  }),
  /** A run is asked for, its data frozen in the snapshot object (see snapshot.ts). As models-api before v2 asks. */
  'models.run-requested.v1': z.object(runRequest),
  /** As v1; `accelerator` names what the base needs to be trained on, as the catalogue of bases has it. Null: whatever is usual. */
  'models.run-requested.v2': z.object({ ...runRequest, accelerator: z.string().nullable() }),
  /** As trainers before v2 tell it. */
  'training.run-progressed.v1': z.object({
    ...runScope,
    sequence: z.number().int(),
    stage: z.enum(['queued', 'preparing', 'training', 'evaluating', 'finalizing']),
    progress: z.number().min(0).max(100),
    eta_seconds: z.number().nonnegative().nullable(),
  }),
  /**
   * Where a live run stands. `sequence` grows within a run: an older one is stale. Progress is 0..100 and never falls. `stage_detail` says
   * in the customer's words what it waits for.
   */
  'training.run-progressed.v2': z.object({
    ...runScope,
    sequence: z.number().int(),
    stage: z.enum(['queued', 'provisioning', 'preparing', 'training', 'evaluating', 'finalizing']),
    stage_detail: z.string().nullable(),
    progress: z.number().min(0).max(100),
    eta_seconds: z.number().nonnegative().nullable(),
  }),
  /** The artifact is verified and both decodes of the test set lie in the store. */
  'training.run-trained.v1': z.object({
    ...runScope,
    epoch: z.number().int().positive(),
    language: z.string(),
    manifest_key: objectKey,
    manifest_sha256: sha256,
    base_decode_key: objectKey,
    base_decode_sha256: sha256,
    custom_decode_key: objectKey,
    custom_decode_sha256: sha256,
    evaluated_on: runMetrics.shape.evaluated_on,
  }),
  'evaluation.completed.v1': z.object({ ...runScope, epoch: z.number().int().positive(), metrics: runMetrics }),
  'evaluation.failed.v1': z.object({ ...runScope, epoch: z.number().int().positive(), message: z.string() }),
  /** The run's version exists. Billing reads each used recording's sha256 and milliseconds from the snapshot. */
  'training.run-succeeded.v1': z.object({
    ...runScope,
    epoch: z.number().int().positive(),
    base_digest: sha256,
    manifest_key: objectKey,
    manifest_sha256: sha256,
    snapshot_key: objectKey,
    snapshot_sha256: sha256,
    training_ms: milliseconds,
    metrics: runMetrics,
  }),
  'training.run-failed.v1': z.object({ ...runScope, failure: runFailure }),
  /** The run's owner wants it to end. The trainer answers with `-cancelled`, or with the end that came first. */
  'models.run-cancel-requested.v1': z.object(runScope),
  /** The run has ended because its owner asked for it; nothing of it is at work any more, and nothing is charged. */
  'training.run-cancelled.v1': z.object(runScope),
  /** The model is gone for its owner; every service erases what it holds of it and answers with its own erased event. */
  'models.model-deleted.v1': z.object(modelScope),
  /** A pair is gone for its owner: every service erases what it holds of it. */
  'models.data-deleted.v1': z.object({ ...modelScope, item_id: z.string().uuid() }),
  /**
   * No run of the model follows any more; these have succeeded. Billing answers with its erased event once the usage of each is
   * recorded, and until then their snapshots stay.
   */
  'models.runs-closed.v1': z.object({ ...modelScope, succeeded: z.array(succeededRun) }),
  'ingestion.model-erased.v1': z.object(modelScope),
  'training.model-erased.v1': z.object(modelScope),
  'evaluation.model-erased.v1': z.object(modelScope),
  /** Nothing of the model is needed any more: what its runs used is recorded, and stays. */
  'billing.model-erased.v1': z.object(modelScope),
} as const;

export type EventName = keyof typeof eventSchemas;
export type EventPayload<N extends EventName> = z.infer<(typeof eventSchemas)[N]>;

/** The service that alone may publish the event: the part of its name before the first dot. */
export function ownerOf(name: EventName): Service {
  return name.slice(0, name.indexOf('.')) as Service;
}

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(eventSchemas, name);
}

/** What goes over the wire around every payload. `id` is the same on every redelivery. */
export const envelope = z.object({
  id: z.string().uuid(),
  name: z.string(),
  source: z.enum(services),
  organization_id: z.string().uuid(),
  time: z.string().datetime(),
  data: z.unknown(),
});

export interface Event<N extends EventName = EventName> {
  id: string;
  name: N;
  source: Service;
  organization_id: string;
  time: string;
  data: EventPayload<N>;
}
