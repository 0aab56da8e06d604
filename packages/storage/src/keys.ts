import { isUuid, type ItemId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { InvalidObjectKey } from './object-store.errors';

/**
 * The one file that builds object keys. Every part is an id that the platform made, checked here once more, or a file
 * name that an engine program chose, which must be plain. A client's file name never becomes part of a key.
 *
 *   o/<organization>/m/<model>/data/<item>/upload/{audio,transcript}     as it came, until ingestion has judged it
 *   o/<organization>/m/<model>/data/<item>/{audio.flac,transcript.txt}   normalized
 *   o/<organization>/m/<model>/data/<item>/transcripts/<revision>.txt    a later transcript; each has a key of its own
 *   o/<organization>/m/<model>/archives/<archive>/archive                as it came, until it is unpacked
 *   o/<organization>/m/<model>/runs/<run>/snapshot.jsonl
 *   o/<organization>/m/<model>/runs/<run>/<epoch>/{artifact/...,manifest.json,decodes/...,checkpoints/...}
 *   o/<organization>/uploads/<upload>/<part>                             a resumable upload, until it is bound to a model
 *   bases/<digest>/...
 */

/** What a pair's keys depend on. */
export interface ItemPlace {
  organizationId: OrganizationId;
  modelId: ModelId;
  itemId: ItemId;
}

/** What an archive's keys depend on. */
export interface ArchiveRef {
  organizationId: OrganizationId;
  modelId: ModelId;
  archiveId: string;
}

/** What a run's keys depend on. */
export interface RunPlace {
  organizationId: OrganizationId;
  modelId: ModelId;
  runId: RunId;
}

/** One start of a run: a new epoch never writes where an earlier one wrote. */
export interface EpochPlace extends RunPlace {
  epoch: number;
}

const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const DIGEST = /^sha256:([0-9a-f]{64})$/;
/** What events carry; S3 itself allows 1024 bytes. */
const MAX_KEY_LENGTH = 512;

export const uploadAudioKey = (item: ItemPlace): string => `${itemPrefix(item)}upload/audio`;
export const uploadTranscriptKey = (item: ItemPlace): string => `${itemPrefix(item)}upload/transcript`;
export const audioKey = (item: ItemPlace): string => `${itemPrefix(item)}audio.flac`;
export const transcriptKey = (item: ItemPlace): string => `${itemPrefix(item)}transcript.txt`;
/** `revision` is an id made for this text: a snapshot that names an earlier one stays as it was. */
export const revisedTranscriptKey = (item: ItemPlace, revision: string): string =>
  `${itemPrefix(item)}transcripts/${uuid(revision)}.txt`;

export const archiveKey = (archive: ArchiveRef): string => `${archivePrefix(archive)}archive`;

export const snapshotKey = (run: RunPlace): string => `${runPrefix(run)}snapshot.jsonl`;
/** Whether it is some run's snapshot. */
export const isSnapshotKey = (key: string): boolean => /^o\/[^/]+\/m\/[^/]+\/runs\/[^/]+\/snapshot\.jsonl$/.test(key);
export const manifestKey = (epoch: EpochPlace): string => `${epochPrefix(epoch)}manifest.json`;
export const baseDecodesKey = (epoch: EpochPlace): string => `${epochPrefix(epoch)}decodes/base.jsonl`;
export const customDecodesKey = (epoch: EpochPlace): string => `${epochPrefix(epoch)}decodes/custom.jsonl`;
/** `path` is a file's path inside the artifact, as the engine named it: plain segments joined by `/`. */
export const artifactKey = (epoch: EpochPlace, path: string): string => `${artifactPrefix(epoch)}${plainPath(path)}`;
/** `file` is a checkpoint's file name, as the engine named it. */
export const checkpointKey = (epoch: EpochPlace, file: string): string => `${checkpointPrefix(epoch)}${segment(file)}`;
/** `digest` is the base's `sha256:<hex>`; `path` a file inside the base's folder. */
export const baseKey = (digest: string, path: string): string => `${basePrefix(digest)}${plainPath(path)}`;

/** All of one model: what DELETE of a model erases. */
export const modelPrefix = (model: { organizationId: OrganizationId; modelId: ModelId }): string =>
  `o/${uuid(model.organizationId)}/m/${positive(model.modelId)}/`;
/** All of one item, its upload too. */
export const itemPrefix = (item: ItemPlace): string => `${modelPrefix(item)}data/${uuid(item.itemId)}/`;
/** What ingestion removes once it has judged an item. */
export const uploadPrefix = (item: ItemPlace): string => `${itemPrefix(item)}upload/`;
export const archivePrefix = (archive: ArchiveRef): string =>
  `${modelPrefix(archive)}archives/${uuid(archive.archiveId)}/`;
export const runPrefix = (run: RunPlace): string => `${modelPrefix(run)}runs/${uuid(run.runId)}/`;
/** All that one start of a run wrote: what is left of a losing epoch is removed by this. */
export const epochPrefix = (epoch: EpochPlace): string => `${runPrefix(epoch)}${positive(epoch.epoch)}/`;
export const artifactPrefix = (epoch: EpochPlace): string => `${epochPrefix(epoch)}artifact/`;
export const checkpointPrefix = (epoch: EpochPlace): string => `${epochPrefix(epoch)}checkpoints/`;
export const basePrefix = (digest: string): string => `bases/${digestHex(digest)}/`;

/** All of one resumable upload, which belongs to no model yet. */
export const resumableUploadPrefix = (organizationId: OrganizationId, uploadId: string): string =>
  `o/${uuid(organizationId)}/uploads/${uuid(uploadId)}/`;
export const resumableUploadPartKey = (organizationId: OrganizationId, uploadId: string, partId: string): string =>
  `${resumableUploadPrefix(organizationId, uploadId)}${uuid(partId)}`;

/** Answers `key` when it has the form of a key; adapters call this before anything else. Throws InvalidObjectKey. */
export function checkedKey(key: string): string {
  if (key.length > MAX_KEY_LENGTH || !key.split('/').every((part) => SEGMENT.test(part)))
    throw new InvalidObjectKey(key);
  return key;
}

/** Answers `prefix` when it is a key followed by `/`: never the whole store, never half a name. Throws InvalidObjectKey. */
export function checkedPrefix(prefix: string): string {
  if (!prefix.endsWith('/')) throw new InvalidObjectKey(prefix);
  return `${checkedKey(prefix.slice(0, -1))}/`;
}

function uuid(id: string): string {
  if (!isUuid(id)) throw new InvalidObjectKey(id);
  return id;
}

function positive(value: number): string {
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidObjectKey(String(value));
  return String(value);
}

function digestHex(digest: string): string {
  const hex = DIGEST.exec(digest)?.[1];
  if (hex === undefined) throw new InvalidObjectKey(digest);
  return hex;
}

function segment(name: string): string {
  if (!SEGMENT.test(name)) throw new InvalidObjectKey(name);
  return name;
}

function plainPath(path: string): string {
  return path.split('/').map(segment).join('/');
}
