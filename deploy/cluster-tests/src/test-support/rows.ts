import { Pool } from 'pg';

/** What the services' schemas say of a run. */
export interface RunRow {
  state: string;
  stage: string;
  starts: number;
  epoch: number;
  failed_attempts: number;
  preemptions: number;
  host: string | null;
  pool: string | null;
  priority_class: string | null;
  failure: { kind: string; message: string } | null;
  finished_at: Date | null;
}

/** What a run left behind: each number is how often. */
export interface Outcome {
  state: string;
  versions: number;
  usages: number;
  charges: number;
  openHolds: number;
}

/** Reads all schemas, as the database's owner. */
export class Rows {
  private readonly pool: Pool;

  constructor(url: string) {
    this.pool = new Pool({ connectionString: url, max: 2 });
    // An idle connection may be lost at the end.
    this.pool.on('error', () => undefined);
  }

  async query<T extends object>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return (await this.pool.query<T>(sql, [...values])).rows;
  }

  /** Undefined until the trainer has heard of it. */
  async run(runId: string): Promise<RunRow | undefined> {
    const [row] = await this.query<RunRow>('SELECT * FROM training.training_run WHERE id = $1', [runId]);
    return row;
  }

  async newestRunOf(modelId: number): Promise<string> {
    const sql = 'SELECT id FROM models.run WHERE model_id = $1 ORDER BY id DESC LIMIT 1';
    const [row] = await this.query<{ id: string }>(sql, [modelId]);
    if (row === undefined) throw new Error(`model ${String(modelId)} has no run`);
    return row.id;
  }

  /** The states that it went through, in their order, its first included. */
  async statesOf(runId: string): Promise<string[]> {
    const sql = 'SELECT to_state FROM training.run_transition WHERE run_id = $1 ORDER BY position';
    const moves = await this.query<{ to_state: string }>(sql, [runId]);
    return ['queued', ...moves.map(({ to_state }) => to_state)];
  }

  async outcomeOf(runId: string): Promise<Outcome> {
    const [outcome] = await this.query<Outcome>(
      `SELECT (SELECT state FROM training.training_run WHERE id = $1) AS state,
              (SELECT count(*)::int FROM models.version WHERE run_id = $1) AS versions,
              (SELECT count(*)::int FROM billing.usage WHERE run_id = $1) AS usages,
              (SELECT count(*)::int FROM billing.charge WHERE run_id = $1) AS charges,
              (SELECT count(*)::int FROM billing.hold WHERE run_id = $1 AND state IN ('placed', 'confirmed')) AS "openHolds"`,
      [runId],
    );
    if (outcome === undefined) throw new Error('PostgreSQL answered nothing');
    return outcome;
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
