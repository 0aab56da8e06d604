import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { RunMetrics } from '@attune/events';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { RequestedRun, RunFailure, RunProgress } from './run';
import { RunEntity } from './run.entity';
import type { Version } from './version';
import { VersionEntity } from './version.entity';
import { fromRowVersion } from './version.mapping';

interface RunKey {
  organizationId: OrganizationId;
  id: RunId;
}

@Injectable()
export class RunsRepository {
  async insert(tx: Tx, run: RequestedRun): Promise<void> {
    await tx.manager.insert(RunEntity, run);
  }

  async hasLive(tx: Tx, modelId: ModelId): Promise<boolean> {
    return (await tx.query(`SELECT 1 FROM run WHERE model_id = $1 AND state = 'live'`, [modelId])).length > 0;
  }

  async isLive(tx: Tx, id: RunId): Promise<boolean> {
    return (await tx.query(`SELECT 1 FROM run WHERE id = $1 AND state = 'live'`, [id])).length > 0;
  }

  async countUnfinished(tx: Tx, organizationId: OrganizationId): Promise<number> {
    const [row] = await tx.query<{ live: number }>(
      `SELECT count(*) AS live FROM run WHERE organization_id = $1 AND finished_at IS NULL`,
      [organizationId],
    );
    return row?.live ?? 0;
  }

  /** Older news (a lower sequence) and news of a run that has ended change nothing; progress never falls. */
  async noteProgress(tx: Tx, run: RunKey, news: RunProgress): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE run SET sequence = $3, stage = $4, progress = greatest(progress, $5), eta_seconds = $6, stage_detail = $7, heard_at = now(),
              started_at = CASE WHEN $4 NOT IN ('queued', 'provisioning') THEN coalesce(started_at, now()) ELSE started_at END
        WHERE id = $1 AND organization_id = $2 AND state = 'live' AND sequence < $3`,
      [run.id, run.organizationId, news.sequence, news.stage, news.progress, news.etaSeconds, news.stageDetail],
    );
    return updated > 0;
  }

  /** False when the run has ended already. */
  async succeed(tx: Tx, run: RunKey): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE run SET state = 'succeeded', progress = 100, eta_seconds = NULL, heard_at = now(), finished_at = now()
        WHERE id = $1 AND organization_id = $2 AND state = 'live'`,
      [run.id, run.organizationId],
    );
    return updated > 0;
  }

  /** False when the run has ended already. */
  async fail(tx: Tx, run: RunKey, failure: RunFailure): Promise<boolean> {
    const updated = await tx.execute(
      `UPDATE run SET state = 'failed', failure = $3, eta_seconds = NULL, heard_at = now(), finished_at = now()
        WHERE id = $1 AND organization_id = $2 AND state = 'live'`,
      [run.id, run.organizationId, JSON.stringify(failure)],
    );
    return updated > 0;
  }

  /** Under the model's lock: its versions are numbered one after the other. Answers the number. */
  async insertVersion(tx: Tx, version: Version<RunMetrics>): Promise<number> {
    const [last] = await tx.query<{ number: number }>(
      'SELECT coalesce(max(number), 0) AS number FROM version WHERE model_id = $1',
      [version.modelId],
    );
    const number = (last?.number ?? 0) + 1;
    await tx.manager.insert(VersionEntity, { ...version, number });
    return number;
  }

  /** The version of this number, or without one the version that serves the model now; in the model's language. */
  async findVersion(
    tx: Tx,
    organizationId: OrganizationId,
    modelId: ModelId,
    number: number | null,
  ): Promise<{ language: string; version: Version<RunMetrics> } | null> {
    const [model] = await tx.query<{ language: string; current_version_id: string | null }>(
      `SELECT language, current_version_id FROM model WHERE id = $1 AND organization_id = $2 AND deleted_at IS NULL`,
      [modelId, organizationId],
    );
    if (!model) return null;
    const named = number === null ? { id: model.current_version_id ?? '' } : { modelId, number };
    if (named.id === '') return null;
    const row = await tx.manager.findOneBy(VersionEntity, named);
    return row && { language: model.language, version: fromRowVersion(row) };
  }

  /** Live runs that nobody has spoken of for `seconds`; marks them as asked after now. */
  async takeUnheard(tx: Tx, seconds: number): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `UPDATE run SET heard_at = now() WHERE id IN (
         SELECT id FROM run WHERE state = 'live' AND heard_at < now() - make_interval(secs => $1) FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [seconds],
    );
    return rows.map(({ id }) => id);
  }

  async deleteOfModel(tx: Tx, modelId: ModelId): Promise<void> {
    await tx.execute(`UPDATE model SET current_version_id = NULL, last_run_id = NULL WHERE id = $1`, [modelId]);
    await tx.execute(`DELETE FROM version WHERE model_id = $1`, [modelId]);
    await tx.execute(`DELETE FROM run WHERE model_id = $1`, [modelId]);
  }
}
