import type { OrganizationId } from '@attune/kernel';

/** An upload that may be interrupted and gone on with (tus 1.0). It belongs to an organization until it is bound to a model. */
export interface ResumableUpload {
  id: string;
  organizationId: OrganizationId;
  filename: string;
  lengthBytes: number;
  offsetBytes: number;
  expiresAt: Date;
}

/** A run of bytes that is stored: it begins where those before it end. */
export interface UploadedPart {
  id: string;
  offsetBytes: number;
  bytes: number;
}

export const TUS_VERSION = '1.0.0';
export const TUS_EXTENSIONS = 'creation,termination,expiration';
/** Since its last byte came in. */
export const UPLOAD_LIFETIME_HOURS = 24;

export function isComplete(upload: ResumableUpload): boolean {
  return upload.offsetBytes === upload.lengthBytes;
}

/** A byte count as tus headers write it; null for anything else. */
export function readByteCount(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : null;
}

/** One value of `Upload-Metadata` (comma-separated keys with base64 values); undefined where it is not there. */
export function readMetadata(header: string | undefined, key: string): string | undefined {
  for (const pair of (header ?? '').split(',')) {
    const [name, value = ''] = pair.trim().split(' ');
    if (name === key) return Buffer.from(value, 'base64').toString('utf8');
  }
  return undefined;
}
