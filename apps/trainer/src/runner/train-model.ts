import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { messageOf } from '@attune/kernel';
import {
  PROTOCOL_VERSION,
  type ArtifactEvent,
  type CheckpointEvent,
  type EngineEvent,
  type TrainItem,
  type TrainJob,
} from '@attune/engine-protocol';
import { RunFault, Stopped } from './run-errors';
import type { RunSession } from './run-session';
import { download, upload } from './transfers';

/** Trains, going on from the last committed checkpoint, and answers what the engine made. */
export async function trainModel(session: RunSession, items: TrainItem[], base: string): Promise<ArtifactEvent> {
  const job: TrainJob = {
    protocol: PROTOCOL_VERSION,
    command: 'train',
    base: { directory: base, digest: session.claim.base.digest },
    language: session.claim.language,
    seed: session.claim.seed,
    threads: session.threads,
    items,
    checkpoint_directory: session.path('checkpoints'),
    output_directory: session.path('artifact'),
  };
  await mkdir(job.checkpoint_directory, { recursive: true });
  await fetchCheckpoint(session);
  session.enter('training');

  const made: ArtifactEvent[] = [];
  const checkpoints = new CheckpointUploads(session);
  try {
    await session.runEngine('train', job, (event: EngineEvent) => {
      if (event.type === 'checkpoint') checkpoints.add(event);
      if (event.type === 'artifact') made.push(event);
      if (event.type === 'stage' && (event.stage === 'packaging' || event.stage === 'verifying'))
        session.enter('packaging');
    });
  } finally {
    await checkpoints.settled();
  }
  const artifact = made.at(-1);
  if (!artifact) throw new RunFault('engine', 'The training program ended without a model.');
  return artifact;
}

async function fetchCheckpoint(session: RunSession): Promise<void> {
  const { checkpoint } = session.claim;
  if (checkpoint === null) return;
  const path = session.path('checkpoints', checkpoint.file);
  try {
    await download(() => session.readUrl({ kind: 'checkpoint' }), path, checkpoint.sha256, session.signal);
    session.reporter.log('info', 'Training goes on from its last checkpoint.');
  } catch (error) {
    session.checkEnding();
    // Only time is lost: the run starts from the base.
    session.logger.warn(`the checkpoint cannot be read: ${messageOf(error)}`);
  }
}

/** Uploads checkpoints one after the other while the engine works on; one that fails is passed over, since the next comes soon. */
class CheckpointUploads {
  private last: Promise<void> = Promise.resolve();
  private newest = 0;

  constructor(private readonly session: RunSession) {}

  add(checkpoint: CheckpointEvent): void {
    this.newest = checkpoint.step;
    this.last = this.last.then(() => this.send(checkpoint));
  }

  settled(): Promise<void> {
    return this.last;
  }

  private async send(checkpoint: CheckpointEvent): Promise<void> {
    // A newer one waits already: the store would only throw this one away.
    if (checkpoint.step < this.newest) return;
    const { session } = this;
    const record = {
      file: basename(checkpoint.path),
      step: checkpoint.step,
      bytes: checkpoint.bytes,
      sha256: checkpoint.sha256,
    };
    try {
      await upload(checkpoint.path, () => session.writeUrl({ kind: 'checkpoint', file: record.file }), session.signal);
      await session.client.commitCheckpoint(record);
    } catch (error) {
      if (!(error instanceof Stopped)) session.logger.warn(`checkpoint ${record.file}: ${messageOf(error)}`);
    }
  }
}
