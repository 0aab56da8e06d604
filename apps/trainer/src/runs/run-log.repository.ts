import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import type { Run } from './run';

export interface LogLine {
  at: Date;
  level: 'info' | 'warning' | 'error';
  stage: string;
  message: string;
}

export interface MetricPoint {
  at: Date;
  name: string;
  value: number;
  step: number;
  pass: number;
}

/** The log lines and measured values of runs. */
@Injectable()
export class RunLogRepository {
  constructor(private readonly database: Database) {}

  async appendLines(tx: Tx, run: Run, lines: readonly LogLine[]): Promise<void> {
    if (lines.length === 0) return;
    await tx.execute(
      `INSERT INTO run_log (run_id, organization_id, model_id, epoch, at, level, stage, message)
       SELECT $1, $2, $3, $4, (line->>'at')::timestamptz, line->>'level', line->>'stage', line->>'message'
         FROM jsonb_array_elements($5::jsonb) WITH ORDINALITY AS given (line, n) ORDER BY n`,
      [run.runId, run.organizationId, run.modelId, run.epoch, JSON.stringify(lines)],
    );
  }

  async appendMetrics(tx: Tx, run: Run, points: readonly MetricPoint[]): Promise<void> {
    if (points.length === 0) return;
    await tx.execute(
      `INSERT INTO run_metric (run_id, organization_id, epoch, name, step, pass, value, at)
       SELECT $1, $2, $3, point.name, point.step, point.pass, point.value, point.at
         FROM jsonb_to_recordset($4::jsonb) AS point (name text, step bigint, pass integer, value double precision, at timestamptz)
       ON CONFLICT DO NOTHING`,
      [run.runId, run.organizationId, run.epoch, JSON.stringify(points)],
    );
  }

  /** A page of all lines of the model's runs, oldest first, and how many there are. */
  async list(
    organizationId: OrganizationId,
    modelId: ModelId,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; lines: LogLine[] }> {
    return this.database.read({ organizationId }, async (tx) => {
      const where = 'WHERE organization_id = $1 AND model_id = $2';
      const [count] = await tx.query<{ total: number }>(`SELECT count(*) AS total FROM run_log ${where}`, [
        organizationId,
        modelId,
      ]);
      const lines = await tx.query<LogLine>(
        `SELECT at, level, stage, message FROM run_log ${where} ORDER BY position LIMIT $3 OFFSET $4`,
        [organizationId, modelId, page.limit, page.offset],
      );
      return { total: count?.total ?? 0, lines };
    });
  }
}
