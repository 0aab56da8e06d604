import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { OrganizationId, Plan, RunId } from '@attune/kernel';
import type { Run } from '../runs/run';
import { fromRowRun, runColumns, type RunRow } from '../runs/run.mapping';
import type { Candidate, HeldStart } from './executor';

/** At work at once while billing has not yet said how many: nobody is refused, and nobody takes what is others'. */
const LIVE_RUNS_OF_UNKNOWN = 1;

/** Plans whose runs go before all others'. */
const FIRST_CLASS: readonly Plan[] = ['enterprise'];

/** A run that was asked for so long ago is of the higher class too: its like would never start while that has always something to do. */
const LONGEST_IN_SECOND_CLASS = '12 hours';

/**
 * The order in which waiting runs would start if hosts became free now. First come the runs of the higher class of plans and
 * those that were asked for very long ago, and within a class of the organization with the fewest runs at work;
 * among equals the one whose last turn is longest ago (its first turn ever comes before that, older requests first); within an
 * organization the oldest request. `rank` is what an organization will have at work when the run's turn comes, so that
 * sorting gives the very order in which one start after the other would be chosen. Runs that would exceed their organization's
 * limit wait behind all others, and retries that are not yet due behind those.
 */
const QUEUE = `
  WITH at_work AS (
    SELECT organization_id, count(*) AS live FROM training_run
     WHERE finished_at IS NULL AND NOT (state = 'queued' AND host IS NULL) GROUP BY organization_id
  ), waiting AS (
    SELECT id, organization_id, start_after > now() AS is_early, row_number() OVER own - 1 AS place,
           first_value(created_at) OVER own AS head_at, first_value(id) OVER own AS head_id, created_at < now() - interval '${LONGEST_IN_SECOND_CLASS}' AS is_old
      FROM training_run WHERE state = 'queued' AND host IS NULL
    WINDOW own AS (PARTITION BY organization_id ORDER BY start_after > now(), created_at, id)
  ), ranked AS (
    SELECT waiting.*, plan, last_started_at, coalesce(live, 0) + place AS rank,
           is_old OR coalesce(plan = ANY ('{${FIRST_CLASS.join(',')}}'), false) AS is_first_class,
           coalesce(coalesce(live, 0) + place
             >= CASE WHEN revision > 0 THEN live_runs ELSE ${String(LIVE_RUNS_OF_UNKNOWN)} END, false) AS is_over
      FROM waiting LEFT JOIN at_work USING (organization_id) LEFT JOIN organization USING (organization_id)
  ), queue AS (
    SELECT id AS run_id, plan, is_early OR is_over AS must_wait,
           row_number() OVER (ORDER BY is_early, is_over, is_first_class DESC, rank, place, last_started_at NULLS FIRST, head_at, head_id) AS position
      FROM ranked
  )`;

export interface QueueMeasure {
  /** Empty: whatever is usual. */
  accelerator: string;
  /** Runs that may start as soon as there is a place. */
  waiting: number;
  /** How long the oldest of these has waited since it was asked for, or since its retry was due. */
  oldestSeconds: number;
  /** Runs that may not start yet, places or not: their organization is at its limit, or their retry is not due. */
  heldBack: number;
  provisioning: number;
}

/** What billing says of an organization, as far as starts depend on it. */
export interface Entitlement {
  plan: Plan;
  /** Null: any number. */
  liveRuns: number | null;
  revision: number;
}

/** Which run starts next, and how long the line before a run is. */
@Injectable()
export class QueueRepository {
  constructor(private readonly database: Database) {}

  /**
   * The run whose turn it is and for which there is a place at the host, locked; null when none may start now. Starts of all hosts are chosen one after the other, until the
   * caller's transaction ends: two at once would count the same runs at work and exceed an organization's limit.
   */
  async lockNext<P>(
    tx: Tx,
    host: string,
    place: (candidate: Candidate, held: readonly HeldStart[]) => P | null,
  ): Promise<{ run: Run; placement: P } | null> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('attune.training.start', 0))`);
    const held = await this.listHeld(tx, host);
    for (const candidate of await this.listHeads(tx)) {
      const placement = place(candidate, held);
      const run = placement === null ? null : await this.lockWaiting(tx, candidate.runId);
      if (run && placement !== null) return { run, placement };
    }
    return null;
  }

  /** Starts that the host was given and that are not over, those of cancelled runs included: their machines are not free yet. */
  async listHeld(tx: Pick<Tx, 'query'>, host: string): Promise<HeldStart[]> {
    return tx.query<HeldStart>(
      `SELECT id AS "runId", starts AS start, accelerator, pool, priority_class AS "priorityClass" FROM training_run
        WHERE host = $1 AND finished_at IS NULL AND delivery IS NULL`,
      [host],
    );
  }

  /** Of runs that need the same, the first that may start now; in the order of the queue. One without a place holds up only its like. */
  async listHeads(tx: Tx): Promise<Candidate[]> {
    return tx.query<Candidate>(
      `${QUEUE}, candidate AS (
         SELECT run_id, accelerator, plan, preemptions, position,
                (1000 * extract(epoch FROM now() - last_preempted_at))::double precision AS preempted_ms_ago,
                row_number() OVER (PARTITION BY accelerator, plan, preemptions, last_preempted_at ORDER BY position) AS place
           FROM queue JOIN training_run ON id = run_id WHERE NOT must_wait
       )
       SELECT run_id AS "runId", accelerator, plan, preemptions, preempted_ms_ago AS "lastPreemptedMsAgo"
         FROM candidate WHERE place = 1 ORDER BY position`,
    );
  }

  private async lockWaiting(tx: Tx, runId: RunId): Promise<Run | null> {
    const [row] = await tx.query<RunRow>(
      `SELECT ${runColumns} FROM training_run
        WHERE id = $1 AND state = 'queued' AND host IS NULL FOR UPDATE SKIP LOCKED`,
      [runId],
    );
    return row ? fromRowRun(row) : null;
  }

  /** How many runs wait, for how long the oldest that may start, and how many of those with a turn wait for a machine; by accelerator. */
  async measure(tx: Tx): Promise<QueueMeasure[]> {
    return tx.query<QueueMeasure>(
      `${QUEUE}
       SELECT coalesce(accelerator, '') AS accelerator, count(*) FILTER (WHERE NOT must_wait) AS waiting,
              coalesce(extract(epoch FROM now() - min(start_after) FILTER (WHERE NOT must_wait)), 0)::double precision AS "oldestSeconds",
              count(*) FILTER (WHERE must_wait) AS "heldBack", count(*) FILTER (WHERE host IS NOT NULL) AS provisioning
         FROM training_run LEFT JOIN queue ON run_id = id WHERE state = 'queued' GROUP BY 1`,
    );
  }

  /** The organization has had its turn. */
  async noteTurn(tx: Tx, organizationId: OrganizationId): Promise<void> {
    await tx.execute(
      `INSERT INTO organization (organization_id, last_started_at) VALUES ($1, clock_timestamp())
       ON CONFLICT (organization_id) DO UPDATE SET last_started_at = excluded.last_started_at`,
      [organizationId],
    );
  }

  /** The places of those of the organization's runs that wait; 1 is next. In the platform's scope: others' runs are the line. */
  async listPositions(
    organizationId: OrganizationId,
    runIds: readonly string[],
  ): Promise<{ runId: string; position: number }[]> {
    const rows = await this.database.query<{ run_id: string; position: number }>(
      'system',
      `${QUEUE}
       SELECT run_id, position FROM queue JOIN training_run ON id = run_id
        WHERE run_id = ANY ($2) AND organization_id = $1 ORDER BY position`,
      [organizationId, [...runIds]],
    );
    return rows.map(({ run_id, position }) => ({ runId: run_id, position }));
  }

  /**
   * What the organization's plan means for its runs: their class, and how many may be at work at once (null: any number). False when newer
   * news is there already.
   */
  async applyEntitlement(tx: Tx, organizationId: OrganizationId, entitlement: Entitlement): Promise<boolean> {
    const { plan, liveRuns, revision } = entitlement;
    const changed = await tx.execute(
      `INSERT INTO organization AS known (organization_id, plan, live_runs, revision) VALUES ($1, $2, $3, $4)
       ON CONFLICT (organization_id) DO UPDATE
         SET plan = excluded.plan, live_runs = excluded.live_runs, revision = excluded.revision
         WHERE known.revision < excluded.revision OR (known.revision = excluded.revision AND known.plan IS NULL)`,
      [organizationId, plan, liveRuns, revision],
    );
    return changed > 0;
  }
}
