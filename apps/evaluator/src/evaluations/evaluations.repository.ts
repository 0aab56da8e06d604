import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import { normalizationVersion } from '@attune/scoring';
import type { ComparedItem, EvaluatedRun, Evaluation, Metrics, Verdict } from './evaluation';

interface VerdictRow {
  metrics: Metrics | null;
  failure: string | null;
}

/** One statement takes this many items: few round trips, and parameters of bounded size. */
const ITEMS_PER_INSERT = 2000;

@Injectable()
export class EvaluationsRepository {
  constructor(private readonly database: Database) {}

  /** The verdict on this start of the run; null while there is none. */
  async findVerdict({ organizationId, runId, epoch }: EvaluatedRun): Promise<Verdict | null> {
    const [row] = await this.database.query<VerdictRow>(
      { organizationId },
      'SELECT metrics, failure FROM evaluation WHERE organization_id = $1 AND run_id = $2 AND epoch = $3',
      [organizationId, runId, epoch],
    );
    return row ? fromRowVerdict(row) : null;
  }

  /** Keeps the evaluation unless there is one already. */
  async insert(tx: Tx, run: EvaluatedRun, language: string, evaluation: Evaluation): Promise<void> {
    const { metrics, corpus, items, failure } =
      'failure' in evaluation
        ? { ...evaluation, metrics: null, corpus: null, items: [] }
        : { ...evaluation, failure: null };
    const inserted = await tx.execute(
      `INSERT INTO evaluation (run_id, epoch, organization_id, model_id, language, normalization_version,
                               metrics, base_counts, custom_counts, failure)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (run_id, epoch) DO NOTHING`,
      [
        run.runId,
        run.epoch,
        run.organizationId,
        run.modelId,
        language,
        normalizationVersion,
        metrics,
        corpus?.base ?? null,
        corpus?.custom ?? null,
        failure,
      ],
    );
    if (inserted === 0) return;
    for (let from = 0; from < items.length; from += ITEMS_PER_INSERT) {
      await this.insertItems(tx, run, items.slice(from, from + ITEMS_PER_INSERT));
    }
  }

  /** Marks the model as deleted for ever and removes what is known of it. */
  async eraseModel(tx: Tx, organizationId: OrganizationId, modelId: ModelId): Promise<void> {
    await this.lockModel(tx, modelId);
    await tx.execute('INSERT INTO erased_model (organization_id, model_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      organizationId,
      modelId,
    ]);
    await tx.execute('DELETE FROM evaluation WHERE organization_id = $1 AND model_id = $2', [organizationId, modelId]);
  }

  /** Removes the counts of a deleted pair; the corpus's own figures stay, they are of no one pair. */
  async eraseItem(tx: Tx, organizationId: OrganizationId, itemId: ItemId): Promise<void> {
    await tx.execute('DELETE FROM evaluation_item WHERE organization_id = $1 AND item_id = $2', [
      organizationId,
      itemId,
    ]);
  }

  /** Whether the model is deleted; an erasure that comes now waits until the transaction has ended. */
  async isErased(tx: Tx, { organizationId, modelId }: EvaluatedRun): Promise<boolean> {
    await this.lockModel(tx, modelId);
    const rows = await tx.query('SELECT FROM erased_model WHERE organization_id = $1 AND model_id = $2', [
      organizationId,
      modelId,
    ]);
    return rows.length > 0;
  }

  private async lockModel(tx: Tx, modelId: ModelId): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`evaluation.model.${String(modelId)}`]);
  }

  private async insertItems(tx: Tx, run: EvaluatedRun, items: readonly ComparedItem[]): Promise<void> {
    await tx.execute(
      `INSERT INTO evaluation_item (run_id, epoch, organization_id, item_id, base_counts, custom_counts)
       SELECT $1, $2, $3, item.* FROM unnest($4::uuid[], $5::jsonb[], $6::jsonb[]) AS item`,
      [
        run.runId,
        run.epoch,
        run.organizationId,
        items.map(({ itemId }) => itemId),
        items.map(({ base }) => JSON.stringify(base)),
        items.map(({ custom }) => JSON.stringify(custom)),
      ],
    );
  }
}

function fromRowVerdict({ metrics, failure }: VerdictRow): Verdict {
  if (metrics) return { metrics };
  return { failure: failure ?? '' };
}
