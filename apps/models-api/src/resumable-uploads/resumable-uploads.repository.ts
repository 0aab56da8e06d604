import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import { UPLOAD_LIFETIME_HOURS, type ResumableUpload, type UploadedPart } from './resumable-upload';

interface UploadRow {
  id: string;
  organization_id: string;
  filename: string;
  length_bytes: number;
  offset_bytes: number;
  expires_at: Date;
}

const COLUMNS = 'id, organization_id, filename, length_bytes, offset_bytes, expires_at';
const NEW_LIFE = `now() + interval '${String(UPLOAD_LIFETIME_HOURS)} hours'`;

/** An expired upload is none, whether or not it has been removed already. */
@Injectable()
export class ResumableUploadsRepository {
  async insert(
    tx: Tx,
    upload: Pick<ResumableUpload, 'id' | 'organizationId' | 'filename' | 'lengthBytes'>,
  ): Promise<Date> {
    const rows = await tx.query<{ expires_at: Date }>(
      `INSERT INTO resumable_upload (id, organization_id, filename, length_bytes, expires_at)
       VALUES ($1, $2, $3, $4, ${NEW_LIFE}) RETURNING expires_at`,
      [upload.id, upload.organizationId, upload.filename, upload.lengthBytes],
    );
    const [row] = rows;
    if (!row) throw new Error('an inserted row was not returned');
    return row.expires_at;
  }

  async find(tx: Tx, organizationId: OrganizationId, id: string): Promise<ResumableUpload | null> {
    const [row] = await tx.query<UploadRow>(
      `SELECT ${COLUMNS} FROM resumable_upload WHERE id = $1 AND organization_id = $2 AND expires_at > now()`,
      [id, organizationId],
    );
    return row ? fromRowUpload(row) : null;
  }

  /** Adds a part that begins where the upload ends; false when it ends elsewhere by now, or is gone or going. */
  async append(tx: Tx, upload: ResumableUpload, part: UploadedPart): Promise<boolean> {
    const moved = await tx.execute(
      `UPDATE resumable_upload SET offset_bytes = offset_bytes + $4, expires_at = ${NEW_LIFE}
        WHERE id = $1 AND organization_id = $2 AND offset_bytes = $3 AND offset_bytes + $4 <= length_bytes
          AND expires_at > now()`,
      [upload.id, upload.organizationId, part.offsetBytes, part.bytes],
    );
    if (moved === 0) return false;
    await tx.execute(
      `INSERT INTO resumable_upload_part (upload_id, organization_id, offset_bytes, bytes, part_id)
       VALUES ($1, $2, $3, $4, $5)`,
      [upload.id, upload.organizationId, part.offsetBytes, part.bytes, part.id],
    );
    return true;
  }

  async listParts(tx: Tx, upload: ResumableUpload): Promise<UploadedPart[]> {
    const rows = await tx.query<{ part_id: string; offset_bytes: number; bytes: number }>(
      `SELECT part_id, offset_bytes, bytes FROM resumable_upload_part WHERE upload_id = $1 ORDER BY offset_bytes`,
      [upload.id],
    );
    return rows.map((row) => ({ id: row.part_id, offsetBytes: row.offset_bytes, bytes: row.bytes }));
  }

  async delete(tx: Tx, organizationId: OrganizationId, id: string): Promise<void> {
    await tx.execute(`DELETE FROM resumable_upload WHERE id = $1 AND organization_id = $2`, [id, organizationId]);
  }

  /** Uploads that may be removed: a client that still sends would find its upload gone. */
  async listExpired(tx: Tx, limit: number): Promise<{ id: string; organizationId: OrganizationId }[]> {
    const rows = await tx.query<{ id: string; organization_id: string }>(
      `SELECT id, organization_id FROM resumable_upload WHERE expires_at <= now() ORDER BY expires_at LIMIT $1`,
      [limit],
    );
    return rows.map((row) => ({ id: row.id, organizationId: row.organization_id as OrganizationId }));
  }

  /** Ends the upload's life now: from here on nobody can ask for it, and its bytes are to be removed. */
  async expire(tx: Tx, organizationId: OrganizationId, id: string): Promise<boolean> {
    const ended = await tx.execute(
      `UPDATE resumable_upload SET expires_at = now() WHERE id = $1 AND organization_id = $2 AND expires_at > now()`,
      [id, organizationId],
    );
    return ended > 0;
  }
}

function fromRowUpload(row: UploadRow): ResumableUpload {
  return {
    id: row.id,
    organizationId: row.organization_id as OrganizationId,
    filename: row.filename,
    lengthBytes: row.length_bytes,
    offsetBytes: row.offset_bytes,
    expiresAt: row.expires_at,
  };
}
