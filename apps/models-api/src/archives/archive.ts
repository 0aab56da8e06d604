import type { ItemId } from '@attune/kernel';
import type { ArchiveRef } from '@attune/storage';
import type { DataType, ItemIssue, ItemStatus } from '../data-items/data-item';

export type ArchiveFormat = 'zip' | 'tar.gz';
/** `receiving`: its bytes come in, and nobody can ask for it yet. */
export type ArchiveStatus = 'receiving' | 'unpacking' | 'done' | 'failed';
/** `duplicate`: the pair was stored before. `ignored`: no part of a pair, such as a folder. */
export type MemberOutcome = 'stored' | 'duplicate' | 'refused' | 'ignored';

export type ArchivePlace = ArchiveRef;

/** Provides env's ArchiveLimits. */
export const ARCHIVE_LIMITS = Symbol('attune:archive-limits');

export interface ArchiveLimits {
  archiveBytes: number;
  members: number;
  /** Of all members together. */
  unpackedBytes: number;
}

/** Why a whole archive, or one member, is not taken. */
export interface Refusal {
  code: string;
  message: string;
}

export interface Archive extends ArchivePlace {
  status: ArchiveStatus;
  filename: string;
  format: ArchiveFormat;
  bytes: number;
  /** What all of its pairs are; null: as the manifest or the folders say. */
  dataType: DataType | null;
  refusal: Refusal | null;
  createdAt: Date;
  finishedAt: Date | null;
}

/** What became of a pair, or of a member that is none. `item` is the item as it is now. */
export interface ArchiveMember {
  name: string;
  outcome: MemberOutcome;
  dataType: DataType | null;
  refusal: Refusal | null;
  item: { id: ItemId; status: ItemStatus; issues: ItemIssue[] } | null;
}

export type MemberCounts = Record<MemberOutcome, number>;

/** By the first bytes; null for anything else. */
export function formatOf(head: Buffer): ArchiveFormat | null {
  if (head.length < 4) return null;
  if (head.readUInt32LE(0) === 0x04034b50 || head.readUInt32LE(0) === 0x06054b50) return 'zip';
  return head[0] === 0x1f && head[1] === 0x8b && head[2] === 8 ? 'tar.gz' : null;
}

/** More than this many bytes out of one is a bomb: recordings hardly shrink, and texts shrink by ten. */
const LARGEST_RATIO = 100;
/** Small archives of silence may well unpack to much more. */
const RATIO_COUNTS_FROM_BYTES = 64 * 1024 * 1024;

/** Null while so many members of so many bytes may come out of an archive of `packedBytes`. */
export function judgeSize(
  { members, unpackedBytes }: { members: number; unpackedBytes: number },
  packedBytes: number,
  limits: ArchiveLimits,
): Refusal | null {
  if (members > limits.members) {
    return { code: 'ARCHIVE_TOO_MANY_MEMBERS', message: `The archive has more than ${limits.members} members` };
  }
  if (unpackedBytes > limits.unpackedBytes) {
    return { code: 'ARCHIVE_TOO_LARGE', message: `The archive unpacks to more than ${limits.unpackedBytes} bytes` };
  }
  if (unpackedBytes > RATIO_COUNTS_FROM_BYTES && unpackedBytes / packedBytes > LARGEST_RATIO) {
    return {
      code: 'ARCHIVE_RATIO',
      message: `The archive unpacks to more than ${LARGEST_RATIO} times its size, which recordings never do`,
    };
  }
  return null;
}
