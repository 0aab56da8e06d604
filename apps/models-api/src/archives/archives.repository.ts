import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import type { DataType } from '../data-items/data-item';
import type {
  Archive,
  ArchiveFormat,
  ArchiveMember,
  ArchivePlace,
  MemberCounts,
  MemberOutcome,
  Refusal,
} from './archive';
import type { LeftOut } from './archive-plan';
import { fromRowArchive, fromRowMember, type ArchiveRow, type MemberRow } from './archive.mapping';

/** One statement takes this many members. */
const MEMBERS_PER_INSERT = 1000;
const noCounts: MemberCounts = { stored: 0, duplicate: 0, refused: 0, ignored: 0 };

@Injectable()
export class ArchivesRepository {
  constructor(private readonly database: Database) {}

  async insert(tx: Tx, place: ArchivePlace): Promise<void> {
    await tx.execute(
      `INSERT INTO archive (id, organization_id, model_id, status, filename, format, bytes)
       VALUES ($1, $2, $3, 'receiving', '', 'zip', 0)`,
      [place.archiveId, place.organizationId, place.modelId],
    );
  }

  /** False when the sweep was faster. */
  async markReceived(
    tx: Tx,
    place: ArchivePlace,
    received: { filename: string; format: ArchiveFormat; bytes: number; dataType: DataType | null },
  ): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE archive SET status = 'unpacking', filename = $3, format = $4, bytes = $5, data_type = $6, touched_at = now()
        WHERE id = $1 AND organization_id = $2 AND status = 'receiving'`,
      [place.archiveId, place.organizationId, received.filename, received.format, received.bytes, received.dataType],
    );
    return updated > 0;
  }

  /** Says that somebody works on it: bytes come in, or members come out. */
  async touch(tx: Tx, archiveId: string): Promise<void> {
    await tx.execute(`UPDATE archive SET touched_at = now() WHERE id = $1`, [archiveId]);
  }

  /** Also for one that is done already; then nothing changes. */
  async finish(tx: Tx, archiveId: string, refusal: Refusal | null): Promise<void> {
    await tx.execute(
      `UPDATE archive SET status = $2, refusal_code = $3, refusal_message = $4, finished_at = now()
        WHERE id = $1 AND status = 'unpacking'`,
      [archiveId, refusal ? 'failed' : 'done', refusal?.code ?? null, refusal?.message ?? null],
    );
  }

  /** One that can be asked for. */
  async find(tx: Tx, place: ArchivePlace): Promise<Archive | null> {
    const [row] = await tx.query<ArchiveRow>(
      `SELECT * FROM archive WHERE id = $1 AND model_id = $2 AND organization_id = $3 AND status <> 'receiving'`,
      [place.archiveId, place.modelId, place.organizationId],
    );
    return row ? fromRowArchive(row) : null;
  }

  /** False when there is an outcome for the position already. */
  async addMember(
    tx: Tx,
    place: ArchivePlace,
    member: {
      position: number;
      name: string;
      dataType: DataType | null;
      outcome: MemberOutcome;
      itemId?: ItemId;
      refusal?: Refusal;
    },
  ): Promise<boolean> {
    const added = await tx.execute(
      `INSERT INTO archive_member
         (archive_id, position, organization_id, name, data_type, outcome, item_id, refusal_code, refusal_message)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (archive_id, position) DO NOTHING`,
      [
        place.archiveId,
        member.position,
        place.organizationId,
        member.name,
        member.dataType,
        member.outcome,
        member.itemId ?? null,
        member.refusal?.code ?? null,
        member.refusal?.message ?? null,
      ],
    );
    return added > 0;
  }

  async addLeftOut(tx: Tx, place: ArchivePlace, leftOut: readonly LeftOut[]): Promise<void> {
    for (let from = 0; from < leftOut.length; from += MEMBERS_PER_INSERT) {
      const some = leftOut.slice(from, from + MEMBERS_PER_INSERT);
      await tx.execute(
        `INSERT INTO archive_member (archive_id, organization_id, position, name, outcome, refusal_code, refusal_message)
         SELECT $1, $2, member.* FROM unnest($3::integer[], $4::text[], $5::text[], $6::text[], $7::text[]) AS member
         ON CONFLICT (archive_id, position) DO NOTHING`,
        [
          place.archiveId,
          place.organizationId,
          some.map(({ position }) => position),
          some.map(({ name }) => name),
          some.map(({ outcome }) => outcome),
          some.map(({ refusal }) => refusal.code),
          some.map(({ refusal }) => refusal.message),
        ],
      );
    }
  }

  /** The positions that have their outcome. */
  async donePositions(tx: Tx, archiveId: string): Promise<Set<number>> {
    const rows = await tx.query<{ position: number }>(`SELECT position FROM archive_member WHERE archive_id = $1`, [
      archiveId,
    ]);
    return new Set(rows.map(({ position }) => position));
  }

  async countMembers(tx: Tx, archiveId: string): Promise<MemberCounts> {
    const rows = await tx.query<{ outcome: MemberOutcome; members: number }>(
      `SELECT outcome, count(*) AS members FROM archive_member WHERE archive_id = $1 GROUP BY outcome`,
      [archiveId],
    );
    return { ...noCounts, ...Object.fromEntries(rows.map(({ outcome, members }) => [outcome, members])) };
  }

  /** In the archive's order. */
  async listMembers(
    tx: Tx,
    archiveId: string,
    outcome: MemberOutcome | null,
    page: { offset: number; limit: number },
  ): Promise<ArchiveMember[]> {
    const rows = await tx.query<MemberRow>(
      `SELECT member.name, member.outcome, member.data_type, member.refusal_code, member.refusal_message, member.item_id,
              item.status AS item_status, item.issues AS item_issues
         FROM archive_member member LEFT JOIN data_item item ON item.id = member.item_id
        WHERE member.archive_id = $1 AND ($2::text IS NULL OR member.outcome = $2)
        ORDER BY member.position LIMIT $3 OFFSET $4`,
      [archiveId, outcome, page.limit, page.offset],
    );
    return rows.map(fromRowMember);
  }

  /** Archives that should be unpacked and that nobody has worked on for `seconds`; marks them as asked for now. */
  async takeIdle(tx: Tx, seconds: number): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `UPDATE archive SET touched_at = now() WHERE id IN (
         SELECT id FROM archive WHERE status = 'unpacking' AND touched_at < now() - make_interval(secs => $1)
          FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [seconds],
    );
    return rows.map(({ id }) => id);
  }

  /** Archives whose bytes nobody needs: finished ones, and those whose upload stood still for `seconds`. */
  async listUseless(tx: Tx, seconds: number, limit: number): Promise<ArchivePlace[]> {
    const rows = await tx.query<{ id: string; organization_id: string; model_id: number }>(
      `SELECT id, organization_id, model_id FROM archive
        WHERE removed_at IS NULL AND (status IN ('done', 'failed')
          OR (status = 'receiving' AND touched_at < now() - make_interval(secs => $1))) LIMIT $2`,
      [seconds, limit],
    );
    return rows.map((row) => ({
      archiveId: row.id,
      organizationId: row.organization_id as OrganizationId,
      modelId: row.model_id as ModelId,
    }));
  }

  /** What was never received goes altogether; of the others only that their bytes are gone is noted. */
  async markRemoved(tx: Tx, archiveId: string): Promise<void> {
    await tx.execute(`DELETE FROM archive WHERE id = $1 AND status = 'receiving'`, [archiveId]);
    await tx.execute(`UPDATE archive SET removed_at = now() WHERE id = $1`, [archiveId]);
  }

  /** Whether an archive may still bring something of the model. */
  async isActive(tx: Tx, modelId: ModelId): Promise<boolean> {
    const rows = await tx.query(
      `SELECT 1 FROM archive WHERE model_id = $1 AND status IN ('receiving', 'unpacking')
          AND touched_at > now() - interval '1 hour' LIMIT 1`,
      [modelId],
    );
    return rows.length > 0;
  }

  async deleteOfModel(tx: Tx, modelId: ModelId): Promise<void> {
    await tx.execute(`DELETE FROM archive WHERE model_id = $1 AND status <> 'receiving'`, [modelId]);
  }

  /** Outside of any transaction: for long work. */
  async touchNow(archiveId: string): Promise<void> {
    await this.database.runInTransaction('system', (tx) => this.touch(tx, archiveId));
  }
}
