import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import { AppError, newId, type ItemId } from '@attune/kernel';
import type { Effect } from '@attune/messaging';
import { OBJECT_STORE } from '@attune/service';
import {
  archiveKey,
  itemPrefix,
  ObjectNotFound,
  uploadAudioKey,
  uploadTranscriptKey,
  type ItemPlace,
  type ObjectStore,
} from '@attune/storage';
import { displayFilename, type DataType } from '../data-items/data-item';
import { limited } from '../data-items/limited';
import { PairRegistrarService } from '../data-items/pair-registrar.service';
import { textDigest, type ReceivedFile, type UploadLimits } from '../data-items/upload';
import { UPLOAD_LIMITS } from '../data-items/upload-receiver';
import { UploadsRepository } from '../data-items/uploads.repository';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository } from '../models/models.repository';
import { ARCHIVE_LIMITS, type Archive, type ArchiveLimits, type ArchivePlace, type Refusal } from './archive';
import { plainName, shownName, type PlannedPair } from './archive-plan';
import { ArchiveRefused, isDamage, MemberDamaged } from './archive.errors';
import { ArchiveLister } from './archive-lister';
import { membersOf, type OpenMember } from './archive-reader';
import { ArchivesRepository } from './archives.repository';
import { WantedMembers, type OpenPair, type Part } from './wanted-members';

const TOUCH_EVERY_PAIRS = 20;

/**
 * Makes items of an archive's pairs. The archive is read twice: once to see what is in it, so that a bomb is refused before
 * anything of it is stored, and once to store what is wanted. Unpacking again, after a crash or by two instances at once,
 * passes over what has its outcome and stores nothing twice.
 */
@Injectable()
export class ArchiveUnpackerService {
  constructor(
    private readonly database: Database,
    private readonly archives: ArchivesRepository,
    private readonly lister: ArchiveLister,
    private readonly models: ModelsRepository,
    private readonly uploads: UploadsRepository,
    private readonly registrar: PairRegistrarService,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(UPLOAD_LIMITS) private readonly uploadLimits: UploadLimits,
    @Inject(ARCHIVE_LIMITS) private readonly limits: ArchiveLimits,
  ) {}

  /** Throws only what is no fault of the archive: the store or the database failed, or `signal` was aborted. */
  async unpack(place: ArchivePlace, signal: AbortSignal): Promise<Effect> {
    const archive = await this.findUnpacking(place);
    if (!archive) return () => Promise.resolve();
    const refusal = await this.unpackMembers(archive, signal).then(
      () => null,
      async (error: unknown) => {
        if (error instanceof ArchiveRefused) return error.refusal;
        // The model is gone, and its erasure takes the archive with it.
        if (error instanceof AppError && error.code === 'MODEL_NOT_FOUND') return deletedModel;
        // Another instance has finished it meanwhile, and its bytes are removed.
        if (error instanceof ObjectNotFound && !(await this.findUnpacking(place))) return null;
        throw error;
      },
    );
    return (tx) => this.archives.finish(tx, archive.archiveId, refusal);
  }

  private async findUnpacking(place: ArchivePlace): Promise<Archive | null> {
    const archive = await this.database.read(place, (tx) => this.archives.find(tx, place));
    return archive?.status === 'unpacking' ? archive : null;
  }

  private async unpackMembers(archive: Archive, signal: AbortSignal): Promise<void> {
    const { pairs, leftOut } = await this.lister.plan(archive, signal);
    const done = await this.database.runInTransaction(archive, async (tx) => {
      await this.archives.addLeftOut(tx, archive, leftOut);
      return this.archives.donePositions(tx, archive.archiveId);
    });
    const wanted = new WantedMembers(pairs.filter(({ position }) => !done.has(position)));
    try {
      await this.storeWanted(archive, wanted, signal);
    } finally {
      // Ended early: what is half there goes now, and what a crash leaves is found by its upload's row.
      for (const open of wanted.open.values()) await this.discard(open.place).catch(() => undefined);
    }
  }

  private async storeWanted(archive: Archive, wanted: WantedMembers, signal: AbortSignal): Promise<void> {
    let stored = 0;
    for await (const member of membersOf(this.store, { ...archive, key: archiveKey(archive) }, this.limits)) {
      signal.throwIfAborted();
      const pairs = wanted.take(plainName(member.name), member.kind);
      for (const [pair, part] of pairs) {
        if (stored++ % TOUCH_EVERY_PAIRS === 0) await this.archives.touchNow(archive.archiveId);
        await this.storePart(archive, wanted, pair, part, member);
      }
      if (wanted.isEmpty) return;
    }
    for (const pair of wanted.left()) await this.refuse(archive, wanted, pair, missing);
  }

  /** Stores one of a pair's two files, and registers the pair with its second. What is wrong with them is this pair's alone. */
  private async storePart(
    archive: Archive,
    wanted: WantedMembers,
    pair: PlannedPair,
    part: Part,
    member: OpenMember,
  ): Promise<void> {
    const open = wanted.open.get(pair.position) ?? (await this.begin(archive, wanted, pair));
    try {
      if (part === 'audio') open.audio = await this.storeAudio(open.place, member);
      else open.transcript = await this.storeTranscript(open.place, member.name, await this.openTranscript(member));
      if ('text' in pair.transcript) {
        const inline = Readable.from([Buffer.from(pair.transcript.text, 'utf8')]);
        open.transcript = await this.storeTranscript(open.place, 'transcript.txt', inline);
      }
      if (open.audio && open.transcript) await this.register(archive, wanted, open);
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      await this.refuse(archive, wanted, pair, refusal);
    }
  }

  private async begin(archive: Archive, wanted: WantedMembers, pair: PlannedPair): Promise<OpenPair> {
    const { organizationId, modelId } = archive;
    const place: ItemPlace = { organizationId, modelId, itemId: newId<ItemId>() };
    await this.database.runInTransaction(place, (tx) => this.uploads.insert(tx, place));
    const open: OpenPair = { pair, place, audio: null, transcript: null };
    wanted.open.set(pair.position, open);
    return open;
  }

  private async storeAudio(place: ItemPlace, member: OpenMember): Promise<ReceivedFile> {
    const { audioBytes } = this.uploadLimits;
    const error = tooLarge('recording', audioBytes);
    // Before it is opened: who stops in the middle of a tar's member ends the whole tar.
    if (member.bytes > audioBytes) throw error;
    const chunks = limited(await member.open(), audioBytes, error, null);
    const { bytes, sha256 } = await this.store.put(uploadAudioKey(place), Readable.from(chunks, { objectMode: false }));
    return { filename: displayFilename(member.name, 'audio'), bytes, sha256 };
  }

  private openTranscript(member: OpenMember): Promise<Readable> {
    const { transcriptBytes } = this.uploadLimits;
    if (member.bytes > transcriptBytes) throw tooLarge('transcript', transcriptBytes);
    return member.open();
  }

  private async storeTranscript(place: ItemPlace, name: string, source: Readable): Promise<OpenPair['transcript']> {
    const text: Buffer[] = [];
    const error = tooLarge('transcript', this.uploadLimits.transcriptBytes);
    const chunks = limited(source, this.uploadLimits.transcriptBytes, error, text);
    const stored = await this.store.put(uploadTranscriptKey(place), Readable.from(chunks, { objectMode: false }));
    const filename = displayFilename(name, 'transcript.txt');
    return { filename, bytes: stored.bytes, sha256: stored.sha256, textSha256: textDigest(Buffer.concat(text)) };
  }

  /** One transaction: the item, the member's outcome, and the end of the upload's row. */
  private async register(archive: Archive, wanted: WantedMembers, open: OpenPair): Promise<void> {
    const { pair, place, audio, transcript } = open;
    if (!audio || !transcript) throw new Error('a pair is registered with both of its files');
    const isKept = await this.database.runInTransaction(place, async (tx) => {
      const model = await this.models.lock(tx, place.organizationId, place.modelId);
      if (!model) throw modelNotFound();
      const { dataType } = pair;
      const received = { dataType, audio, transcript, textSha256: transcript.textSha256 };
      const { itemId, isDuplicate } = await this.registrar.register(tx, model, place, received);
      const outcome = isDuplicate ? ('duplicate' as const) : ('stored' as const);
      const isFirst = await this.addOutcome(tx, archive, pair, { outcome, itemId, dataType });
      if (!isFirst) throw new AlreadyDone();
      if (isDuplicate) return false;
      return this.uploads.take(tx, place.itemId);
    });
    wanted.finish(pair);
    if (!isKept) await this.discard(place);
  }

  private addOutcome(
    tx: Tx,
    archive: Archive,
    pair: PlannedPair,
    outcome: { outcome: 'stored' | 'duplicate' | 'refused'; itemId?: ItemId; dataType: DataType; refusal?: Refusal },
  ): Promise<boolean> {
    return this.archives.addMember(tx, archive, {
      position: pair.position,
      name: shownName(pair.audio),
      ...outcome,
    });
  }

  private async refuse(archive: Archive, wanted: WantedMembers, pair: PlannedPair, refusal: Refusal): Promise<void> {
    const open = wanted.open.get(pair.position);
    wanted.finish(pair);
    if (open) await this.discard(open.place);
    if (refusal === alreadyDone) return;
    await this.database.runInTransaction(archive, (tx) =>
      this.addOutcome(tx, archive, pair, { outcome: 'refused', dataType: pair.dataType, refusal }),
    );
  }

  private async discard(place: ItemPlace): Promise<void> {
    await this.store.deletePrefix(itemPrefix(place));
    await this.database.runInTransaction(place, (tx) => this.uploads.take(tx, place.itemId));
  }
}

/** Another instance was faster with this pair: rolls the transaction back. */
class AlreadyDone extends Error {}

const alreadyDone: Refusal = { code: 'ALREADY_DONE', message: '' };
const missing: Refusal = new MemberDamaged('not there').refusal;
const deletedModel: Refusal = { code: 'MODEL_NOT_FOUND', message: 'The model was deleted' };

/** What is wrong with a pair alone; null for what would be wrong with every other as well. */
function refusalOf(error: unknown): Refusal | null {
  if (error instanceof AlreadyDone) return alreadyDone;
  if (error instanceof MemberDamaged) return error.refusal;
  if (error instanceof AppError && (error.code === 'DATA_CONFLICT' || error.code === 'PAYLOAD_TOO_LARGE'))
    return { code: error.code, message: error.message };
  return isDamage(error) && isPlain(error) ? missing : null;
}

/** A TypeError is a mistake of ours, not of an archive. By its name: zlib's errors may be of another realm. */
function isPlain(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'Error';
}

function tooLarge(what: string, limitBytes: number): AppError {
  return new AppError('PAYLOAD_TOO_LARGE', `The ${what} is larger than ${String(limitBytes)} bytes`);
}
