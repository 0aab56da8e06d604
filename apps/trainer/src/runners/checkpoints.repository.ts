import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { CheckpointRecord } from '../runner-protocol/protocol';
import type { Run } from '../runs/run';

export interface StoredCheckpoint extends CheckpointRecord {
  /** The epoch that wrote it, hence where it lies. */
  epoch: number;
}

/** Committed checkpoints: a start goes on from the newest. */
@Injectable()
export class CheckpointsRepository {
  constructor(private readonly database: Database) {}

  async add(tx: Tx, run: Run, checkpoint: CheckpointRecord): Promise<void> {
    await tx.execute(
      `INSERT INTO run_checkpoint (run_id, organization_id, epoch, step, file, bytes, sha256) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT DO NOTHING`,
      [run.runId, run.organizationId, run.epoch, checkpoint.step, checkpoint.file, checkpoint.bytes, checkpoint.sha256],
    );
  }

  /** Newest first: by epoch, then by step, since a later epoch went on from the earlier one's. */
  async list(run: Run): Promise<StoredCheckpoint[]> {
    return this.database.query<StoredCheckpoint>(
      run,
      `SELECT epoch, step, file, bytes, sha256 FROM run_checkpoint WHERE run_id = $1 ORDER BY epoch DESC, step DESC`,
      [run.runId],
    );
  }

  async remove(tx: Tx, run: Run, checkpoint: StoredCheckpoint): Promise<void> {
    await tx.execute(`DELETE FROM run_checkpoint WHERE run_id = $1 AND epoch = $2 AND step = $3`, [
      run.runId,
      checkpoint.epoch,
      checkpoint.step,
    ]);
  }
}
