import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import { HOUR_SECONDS, limitState, type HourlyPolicy, type LimitState } from './limit';

/** An action that a limit counts, named by what it makes. */
export interface CountedAction {
  organizationId: OrganizationId;
  policy: HourlyPolicy;
  subject: string;
}

/** The newest rows of the last hour, as many as the limit allows: with all of them there, the oldest is the next to leave. */
const COUNTED = `
  WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now),
       newest AS (
         SELECT at FROM rate_log, moment
          WHERE organization_id = $1 AND policy = $2 AND at > now - interval '1 hour' ORDER BY at DESC LIMIT $3),
       counted AS (SELECT count(*) AS used, min(at) AS oldest FROM newest)`;
const COLUMNS = `
  used, floor(extract(epoch FROM coalesce(oldest, now) + interval '1 hour') * 1000)::bigint AS reset_at_ms,
  ceil(extract(epoch FROM coalesce(oldest, now) + interval '1 hour' - now) * 1000)::integer AS reset_in_ms`;

interface CountedRow {
  used: number;
  reset_at_ms: number;
  reset_in_ms: number;
}

/** The log of what hourly limits count. Its times are the database's. */
@Injectable()
export class HourlyLimitsRepository {
  /**
   * Adds the action to the log when the last hour holds fewer than `limit`, else nothing. Whoever calls holds the
   * organization's lock: the count of a moment ago is worth nothing while another adds to it.
   */
  async take(tx: Tx, action: CountedAction, limit: number): Promise<{ taken: boolean; state: LimitState }> {
    const [row] = await tx.query<CountedRow & { taken: boolean }>(
      `${COUNTED},
       taken AS (
         INSERT INTO rate_log (organization_id, policy, subject, at)
         SELECT $1, $2, $4, now FROM moment, counted WHERE used < $3 RETURNING 1),
       swept AS (
         DELETE FROM rate_log USING moment WHERE organization_id = $1 AND policy = $2 AND at < now - interval '2 hours')
       SELECT ${COLUMNS}, EXISTS (SELECT FROM taken) AS taken FROM counted, moment`,
      [action.organizationId, action.policy, limit, action.subject],
    );
    if (!row) throw new Error('counting answered nothing');
    return { taken: row.taken, state: toState(action.policy, limit, row.used + (row.taken ? 1 : 0), row) };
  }

  /** How the limit stands, without taking anything. */
  async look(tx: Tx, organizationId: OrganizationId, policy: HourlyPolicy, limit: number): Promise<LimitState> {
    const [row] = await tx.query<CountedRow>(`${COUNTED} SELECT ${COLUMNS} FROM counted, moment`, [
      organizationId,
      policy,
      limit,
    ]);
    if (!row) throw new Error('counting answered nothing');
    return toState(policy, limit, row.used, row);
  }

  async giveBack(tx: Tx, action: CountedAction): Promise<void> {
    await tx.execute(`DELETE FROM rate_log WHERE organization_id = $1 AND policy = $2 AND subject = $3`, [
      action.organizationId,
      action.policy,
      action.subject,
    ]);
  }
}

function toState(policy: HourlyPolicy, limit: number, used: number, row: CountedRow): LimitState {
  const reset = { atMs: row.reset_at_ms, inMs: row.reset_in_ms };
  return limitState(policy, { windowSeconds: HOUR_SECONDS, limit, used, reset });
}
