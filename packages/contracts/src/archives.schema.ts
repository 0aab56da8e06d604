import { z } from 'zod';
import { dataType, itemIssue, itemStatus } from './data.schema';
import { listOf, pageQuery } from './responses';

const reason = z.object({ code: z.string(), message: z.string() });
export const memberOutcome = z.enum(['stored', 'duplicate', 'refused', 'ignored']);

/** An archive of pairs. `error`: why nothing of it was taken. `counts` grow while it is unpacked. */
export const archive = z.object({
  archive_id: z.string().uuid(),
  status: z.enum(['unpacking', 'done', 'failed']),
  filename: z.string(),
  type: dataType.nullable().describe('What all of its pairs are; null: as its manifest or folders say'),
  error: reason.nullable(),
  counts: z.object({ stored: z.number(), duplicate: z.number(), refused: z.number(), ignored: z.number() }),
  created_at: z.string(),
  finished_at: z.string().nullable(),
});
export type ApiArchive = z.infer<typeof archive>;

/** What became of a pair (`name` is its recording's), or of a member that is in none. `item_status` is the item's of now. */
export const archiveMember = z.object({
  name: z.string(),
  outcome: memberOutcome,
  type: dataType.nullable(),
  reason: reason.nullable(),
  data_id: z.string().uuid().nullable(),
  item_status: itemStatus.nullable(),
  issues: z.array(itemIssue),
});
export type ApiArchiveMember = z.infer<typeof archiveMember>;

export const archivePage = archive.extend({ members: listOf(archiveMember) });
export type ApiArchivePage = z.infer<typeof archivePage>;

export const archivePath = z.object({ id: z.string(), archive_id: z.string() });
export const archiveQuery = z.object({ ...pageQuery(100, 1000), outcome: memberOutcome.optional() });

/** Multipart fields, for the documentation: the archive is streamed, never parsed by a schema. */
export interface ArchiveParts {
  archive_file: File;
  type?: 'train' | 'test';
}
