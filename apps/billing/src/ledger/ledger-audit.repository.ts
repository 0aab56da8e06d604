import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';

export interface RecordedUsage {
  modelId: number;
  trainingMs: number;
  payloadSha256: string;
}

export interface Stray {
  table: string;
  id: string;
  reason: string;
}

@Injectable()
export class LedgerAuditRepository {
  async findUsage(tx: Tx, organizationId: OrganizationId, runId: string): Promise<RecordedUsage | null> {
    const [row] = await tx.query<{ model_id: number; training_ms: number; payload_sha256: string }>(
      `SELECT model_id, training_ms, payload_sha256 FROM usage WHERE organization_id = $1 AND run_id = $2`,
      [organizationId, runId],
    );
    return row ? { modelId: row.model_id, trainingMs: row.training_ms, payloadSha256: row.payload_sha256 } : null;
  }

  /** What runs used before there were prices: nothing was charged for it, and nothing is when it is used again. */
  async listUsedBeforePrices(
    tx: Tx,
    organizationId: OrganizationId,
  ): Promise<{ modelId: number; audioSha256: string; audioMs: number }[]> {
    const rows = await tx.query<{ model_id: number; audio_sha256: string; audio_ms: number }>(
      `SELECT u.model_id, i.audio_sha256, i.audio_ms FROM usage u JOIN usage_item i ON i.run_id = u.run_id
        WHERE u.organization_id = $1 AND i.organization_id = $1 AND u.payload_sha256 = ''
        ORDER BY u.recorded_at, u.run_id, i.item_id`,
      [organizationId],
    );
    return rows.map((row) => ({ modelId: row.model_id, audioSha256: row.audio_sha256, audioMs: row.audio_ms }));
  }

  /**
   * Rows that no ledger transaction speaks of, recordings that were counted for no run, each of which would be money from nowhere,
   * and recordings that a run used and nobody counted: the next run would pay for them again.
   */
  async findStray(tx: Tx, organizationId: OrganizationId): Promise<Stray | null> {
    const [row] = await tx.query<Stray>(
      `SELECT 'charge' AS table, run_id::text AS id, 'it is not booked' AS reason FROM charge c
        WHERE organization_id = $1 AND NOT EXISTS (
          SELECT FROM ledger_transaction t
           WHERE t.organization_id = $1 AND t.kind = 'charge' AND t.subject_id = c.run_id)
       UNION ALL
       SELECT 'usage', run_id::text, 'it is not charged' FROM usage u
        WHERE organization_id = $1 AND payload_sha256 <> '' AND NOT EXISTS (SELECT FROM charge c WHERE c.run_id = u.run_id)
       UNION ALL
       SELECT 'statement', id::text, 'it is not booked' FROM statement s
        WHERE organization_id = $1 AND NOT EXISTS (
          SELECT FROM ledger_transaction t
           WHERE t.organization_id = $1 AND t.kind = 'statement' AND t.subject_id = s.id)
       UNION ALL
       SELECT 'billed_audio', model_id || ' ' || audio_sha256, 'no run of the model used it' FROM billed_audio b
        WHERE organization_id = $1 AND NOT EXISTS (
          SELECT FROM usage_item i WHERE i.run_id = b.run_id AND i.audio_sha256 = b.audio_sha256 AND i.audio_ms = b.audio_ms)
       UNION ALL
       SELECT 'billed_audio', u.model_id || ' ' || i.audio_sha256, 'it is missing, and a run of the model used it'
         FROM usage u JOIN usage_item i ON i.run_id = u.run_id
        WHERE u.organization_id = $1 AND i.organization_id = $1 AND NOT EXISTS (
          SELECT FROM billed_audio b
           WHERE b.organization_id = $1 AND b.model_id = u.model_id AND b.audio_sha256 = i.audio_sha256)
       LIMIT 1`,
      [organizationId],
    );
    return row ?? null;
  }
}
