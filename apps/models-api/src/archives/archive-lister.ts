import { Inject, Injectable } from '@nestjs/common';
import { OBJECT_STORE } from '@attune/service';
import { archiveKey, type ObjectStore } from '@attune/storage';
import { ARCHIVE_LIMITS, judgeSize, type Archive, type ArchiveLimits } from './archive';
import {
  isManifest,
  judgeName,
  planArchive,
  plainName,
  type ArchivePlan,
  type LeftOut,
  type ListedMember,
  type ManifestEntry,
} from './archive-plan';
import { archiveRefused } from './archive.errors';
import { membersOf, type OpenMember } from './archive-reader';
import { readManifest } from './manifest';

/** All of it is in memory while the archive is unpacked. */
const LARGEST_MANIFEST_BYTES = 32 * 1024 * 1024;

interface FoundManifest {
  name: string;
  content: string;
}

/** Looks through an archive without storing anything of it. */
@Injectable()
export class ArchiveLister {
  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(ARCHIVE_LIMITS) private readonly limits: ArchiveLimits,
  ) {}

  /** Throws ArchiveRefused for a bomb, for what is no archive, and for one whose manifest cannot be used at all. */
  async plan(archive: Archive, signal: AbortSignal): Promise<ArchivePlan> {
    const members: ListedMember[] = [];
    let unpackedBytes = 0;
    let manifest: FoundManifest | null = null;
    for await (const member of membersOf(this.store, { ...archive, key: archiveKey(archive) }, this.limits)) {
      signal.throwIfAborted();
      const { name, kind, bytes, isEncrypted } = member;
      members.push({ name, kind, bytes, isEncrypted });
      unpackedBytes += bytes;
      const refusal = judgeSize({ members: members.length, unpackedBytes }, archive.bytes, this.limits);
      if (refusal) throw archiveRefused(refusal.code, refusal.message);
      manifest = await chosenManifest(manifest, member);
    }
    if (members.length === 0) throw archiveRefused('ARCHIVE_EMPTY', 'No member of the archive can be read');
    const { entries, broken } = manifest ? readManifest(manifest.content, members.length) : noManifest;
    const plan = planArchive(members, manifest && { folder: folderOf(manifest.name), entries }, archive.dataType);
    return { pairs: plan.pairs, leftOut: [...plan.leftOut, ...broken] };
  }
}

const noManifest: { entries: ManifestEntry[]; broken: LeftOut[] } = { entries: [], broken: [] };

/** The manifest of the whole archive stands above all recordings: of two, the one in the higher folder. */
async function chosenManifest(known: FoundManifest | null, member: OpenMember): Promise<FoundManifest | null> {
  const name = plainName(member.name);
  if (member.kind !== 'file' || member.isEncrypted || !isManifest(name) || judgeName(name)) return known;
  if (known && depthOf(name) >= depthOf(known.name)) return known;
  if (member.bytes > LARGEST_MANIFEST_BYTES) {
    throw archiveRefused('MANIFEST_TOO_LARGE', `The manifest is larger than ${String(LARGEST_MANIFEST_BYTES)} bytes`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of await member.open()) chunks.push(chunk as Buffer);
  return { name, content: Buffer.concat(chunks).toString('utf8') };
}

function depthOf(name: string): number {
  return name.split('/').length;
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1);
}
