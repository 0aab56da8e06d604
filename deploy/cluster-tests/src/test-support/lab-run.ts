import type { AttuneClient } from '@attune/client';
import type { ApiModel } from '@attune/contracts';
import { eventually } from '@attune/testing';
import type { Outcome, RunRow, Rows } from './rows';

const PATIENCE_MS = 300_000;
const TRAINED = 4;

/** What every run must leave behind that nothing is wrong with. */
export const ENDED_WELL: Outcome = { state: 'succeeded', versions: 1, usages: 1, charges: 1, openHolds: 0 };
/** And one that its owner has cancelled. */
export const CANCELLED: Outcome = { state: 'cancelled', versions: 0, usages: 0, charges: 0, openHolds: 0 };

/** One run, as its owner sees it and as the services' rows have it. */
export class LabRun {
  constructor(
    readonly runId: string,
    readonly modelId: number,
    private readonly client: AttuneClient,
    private readonly rows: Rows,
  ) {}

  /** What GET of its model says. */
  seen(): Promise<ApiModel> {
    return this.client.models.get(this.modelId);
  }

  /** Waits until the model says what is wanted. */
  says(check: (model: ApiModel) => void): Promise<ApiModel> {
    return eventually(
      async () => {
        const model = await this.seen();
        check(model);
        return model;
      },
      { timeoutMs: PATIENCE_MS, everyMs: 50 },
    );
  }

  async row(): Promise<RunRow> {
    const row = await this.rows.run(this.runId);
    if (row === undefined) throw new Error(`the trainer has not heard of run ${this.runId}`);
    return row;
  }

  /** Waits until the trainer's row is as wanted. */
  is(check: (row: RunRow) => void, timeoutMs = PATIENCE_MS): Promise<RunRow> {
    return eventually(
      async () => {
        const row = await this.row();
        check(row);
        return row;
      },
      { timeoutMs, everyMs: 20 },
    );
  }

  reaches(state: string): Promise<RunRow> {
    return this.is((row) => expect(row.state).toBe(state));
  }

  /** Waits until at least one checkpoint of the run is stored. */
  async isCheckpointed(): Promise<void> {
    const sql = 'SELECT 1 AS one FROM training.run_checkpoint WHERE run_id = $1';
    await eventually(async () => expect(await this.rows.query(sql, [this.runId])).not.toEqual([]), {
      timeoutMs: PATIENCE_MS,
      everyMs: 20,
    });
  }

  cancel(): Promise<ApiModel> {
    return this.client.cancelRun(this.modelId);
  }

  /** Waits for its end and for everything that follows from it; answers what it left behind. */
  async outcome(expected: Outcome = ENDED_WELL): Promise<Outcome> {
    await this.is((row) => expect(row.finished_at).not.toBeNull());
    // Billing and models-api hear of it by messages.
    return eventually(
      async () => {
        const outcome = await this.rows.outcomeOf(this.runId);
        expect(outcome).toEqual(expected);
        return outcome;
      },
      { timeoutMs: 60_000, everyMs: 100 },
    );
  }

  /** It ended once and right, and its model serves. */
  async endsWell(): Promise<void> {
    expect(await this.outcome()).toEqual(ENDED_WELL);
    const ends = (await this.rows.statesOf(this.runId)).filter((state) => state === 'succeeded');
    expect(ends).toHaveLength(1);
    await this.says((model) => expect(model.training_status).toBe(TRAINED));
  }

  /** What it has become: the version's digest, and the losses of its steps over all its starts. */
  async result(): Promise<{ digest: string; losses: { step: number; value: number }[] }> {
    const [version] = await this.rows.query<{ digest: string }>('SELECT digest FROM models.version WHERE run_id = $1', [
      this.runId,
    ]);
    const losses = await this.rows.query<{ step: number; value: number }>(
      `SELECT DISTINCT step::int, value FROM training.run_event
        WHERE run_id = $1 AND type = 'metric' AND name = 'train_loss' ORDER BY step`,
      [this.runId],
    );
    return { digest: version?.digest ?? '', losses };
  }

  /** What its log says. */
  async log(): Promise<string[]> {
    const lines: string[] = [];
    for await (const line of this.client.log(this.modelId)) lines.push(line.message);
    return lines;
  }
}
