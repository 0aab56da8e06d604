import { AppError, messageOf } from '@attune/kernel';
import type { Refusal } from './archive';

export const archiveNotFound = (): AppError => new AppError('ARCHIVE_NOT_FOUND', 'Archive not found');

export const notAnArchive = (): AppError =>
  new AppError('VALIDATION_ERROR', 'The upload is not valid', {
    details: { archive_file: 'must be a zip or a tar.gz' },
  });

/** Nothing of the archive is taken: it is none, or a bomb. Its owner reads the message in the archive's own state. */
export class ArchiveRefused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
    this.name = 'ArchiveRefused';
  }
}

export const archiveRefused = (code: string, message: string): ArchiveRefused => new ArchiveRefused({ code, message });

/** One member's bytes are not what the archive says of them. */
export class MemberDamaged extends Error {
  readonly refusal: Refusal = {
    code: 'MEMBER_DAMAGED',
    message: 'The archive is damaged here: the member cannot be read to its end',
  };

  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = 'MemberDamaged';
  }
}

export const damagedMember = (cause: unknown): MemberDamaged => new MemberDamaged(cause);

/** Of zlib (bad data) and of the tar and zip readers, whose errors have no code; the store's have one, or are AppErrors. */
export function isDamage(error: unknown): boolean {
  if (error instanceof AppError || error instanceof ArchiveRefused) return false;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === undefined || (typeof code === 'string' && code.startsWith('Z_'));
}
