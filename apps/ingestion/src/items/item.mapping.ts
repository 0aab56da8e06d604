import type { Issue, ItemRef, RejectionCode, Report } from './item';

/** A row of ingestion_report. */
export interface ReportRow {
  item_id: string;
  organization_id: string;
  model_id: number;
  outcome: Report['outcome'];
  code: RejectionCode | null;
  reason: string | null;
  message: string | null;
  audio_ms: number | null;
  container: string | null;
  codec: string | null;
  source_sample_rate: number | null;
  channels: number | null;
  word_count: number | null;
  normalized_sha256: string | null;
  transcript_sha256: string | null;
  issues: Issue[];
}

/** The columns that a report fills, with their values. */
export function toRowReport(item: ItemRef, report: Report): Record<string, unknown> {
  const row = {
    item_id: item.itemId,
    organization_id: item.organizationId,
    model_id: item.modelId,
    outcome: report.outcome,
    issues: JSON.stringify(report.issues),
  };
  if (report.outcome === 'rejected')
    return { ...row, code: report.code, reason: report.reason, message: report.message };
  return {
    ...row,
    audio_ms: report.audioMs,
    container: report.container,
    codec: report.codec,
    source_sample_rate: report.sourceSampleRate,
    channels: report.channels,
    word_count: report.wordCount,
    normalized_sha256: report.normalizedSha256,
    transcript_sha256: report.transcriptSha256,
  };
}

/** The table's checks say that the fields of an outcome are there. */
export function fromRowReport(row: ReportRow): Report {
  const { issues } = row;
  if (row.outcome === 'rejected') {
    return {
      outcome: 'rejected',
      code: row.code ?? 'UNSUPPORTED_AUDIO_FORMAT',
      reason: row.reason ?? '',
      message: row.message ?? '',
      issues,
    };
  }
  return {
    outcome: 'validated',
    audioMs: row.audio_ms ?? 0,
    container: row.container ?? '',
    codec: row.codec ?? '',
    sourceSampleRate: row.source_sample_rate ?? 0,
    channels: row.channels ?? 0,
    wordCount: row.word_count ?? 0,
    normalizedSha256: row.normalized_sha256 ?? '',
    transcriptSha256: row.transcript_sha256 ?? '',
    issues,
  };
}
