import { writeFile } from 'node:fs/promises';
import { inParallel } from '@attune/kernel';
import type { ArtifactManifest } from '@attune/events';
import type { ArtifactEvent } from '@attune/engine-protocol';
import type { Completion } from '../runner-protocol/protocol';
import type { RunSession } from './run-session';
import { measureFile, upload } from './transfers';

const PARALLEL = 4;

export interface Result {
  artifact: ArtifactEvent;
  baseDecodes: string;
  customDecodes: string;
  evaluatedOn: Completion['evaluated_on'];
}

/** Uploads everything, the manifest last: a run whose manifest lies in the store is complete. */
export async function deliver(session: RunSession, runId: string, result: Result): Promise<Completion> {
  session.enter('uploading');
  const { artifact } = result;
  const total = artifact.files.length + 3;
  let done = 0;
  const arrived = (): void => session.step((done += 1), total);

  await inParallel(artifact.files, PARALLEL, async ({ path }) => {
    await upload(session.path('artifact', path), () => session.writeUrl({ kind: 'artifact', path }), session.signal);
    arrived();
  });
  await upload(result.baseDecodes, () => session.writeUrl({ kind: 'base_decodes' }), session.signal);
  arrived();
  await upload(result.customDecodes, () => session.writeUrl({ kind: 'custom_decodes' }), session.signal);
  arrived();

  const manifest: ArtifactManifest = {
    run_id: runId,
    epoch: session.claim.epoch,
    engine: session.claim.engine,
    base_digest: session.claim.base.digest,
    digest: artifact.digest,
    files: artifact.files,
  };
  const manifestPath = session.path('manifest.json');
  await writeFile(manifestPath, JSON.stringify(manifest));
  await upload(manifestPath, () => session.writeUrl({ kind: 'manifest' }), session.signal);
  arrived();
  return {
    manifest_sha256: (await measureFile(manifestPath)).sha256,
    base_decodes_sha256: (await measureFile(result.baseDecodes)).sha256,
    custom_decodes_sha256: (await measureFile(result.customDecodes)).sha256,
    evaluated_on: result.evaluatedOn,
  };
}
