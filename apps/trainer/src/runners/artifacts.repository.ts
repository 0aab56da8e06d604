import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ArtifactManifest } from '@attune/events';
import type { Run } from '../runs/run';

/** The verified files of trained models. */
@Injectable()
export class ArtifactsRepository {
  async insert(tx: Tx, run: Run, files: ArtifactManifest['files']): Promise<void> {
    await tx.execute(
      `INSERT INTO run_artifact (run_id, organization_id, epoch, path, bytes, sha256)
       SELECT $1, $2, $3, file.path, file.bytes, file.sha256
         FROM jsonb_to_recordset($4::jsonb) AS file (path text, bytes bigint, sha256 text)`,
      [run.runId, run.organizationId, run.epoch, JSON.stringify(files)],
    );
  }
}
