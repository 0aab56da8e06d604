import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { Database } from '@attune/database';
import { artifactManifest, type ArtifactManifest } from '@attune/events';
import { parseJson } from '@attune/engine-protocol';
import { messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { LOGGER, OBJECT_STORE } from '@attune/service';
import {
  artifactKey,
  baseDecodesKey,
  customDecodesKey,
  manifestKey,
  ObjectNotFound,
  type ObjectStore,
} from '@attune/storage';
import type { Answer, Completion } from '../runner-protocol/protocol';
import { isAllowedInArtifact, looksLikePickle, requiredInArtifact } from '../runs/artifact';
import { AttemptsService, unhosted } from '../runs/attempts.service';
import { epochPlaceOf, RunAnnouncements } from '../runs/run-announcements';
import { reasons } from '../runs/run-reasons';
import type { Delivery, Run } from '../runs/run';
import { countStartEnd } from '../runs/run-metrics';
import { RunsRepository } from '../runs/runs.repository';
import { ArtifactsRepository } from './artifacts.repository';
import { Fence } from './fence';
import type { Start } from './start.guard';
import { measure, readSmall } from './stored-file';

const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
const EVALUATING_PROGRESS = 98;

/** The artifact is not what its manifest says. */
class NotVerified extends Error {}

/** What a runner delivered: taken down at once, verified byte by byte, and only then told to the evaluator. */
@Injectable()
export class DeliveriesService implements BeforeApplicationShutdown {
  private readonly atWork = new Map<string, Promise<void>>();

  constructor(
    private readonly database: Database,
    private readonly runs: RunsRepository,
    private readonly artifacts: ArtifactsRepository,
    private readonly attempts: AttemptsService,
    private readonly announcements: RunAnnouncements,
    private readonly fence: Fence,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The run needs its runner no more. A second call with the same words (the answer was lost) is answered the same. */
  async complete(start: Start, epoch: number, completion: Completion): Promise<Answer> {
    const delivery: Delivery = {
      manifestSha256: completion.manifest_sha256,
      baseDecodesSha256: completion.base_decodes_sha256,
      customDecodesSha256: completion.custom_decodes_sha256,
      evaluatedOn: completion.evaluated_on,
    };
    const known = await this.runs.find(start.runId);
    const isRepeated = known?.epoch === epoch && known.delivery?.manifestSha256 === delivery.manifestSha256;
    if (!isRepeated) {
      await this.fence.within(start, epoch, async (tx, run) => {
        await this.runs.change(tx, run, { delivery, leaseMs: null });
        await this.runs.wake(tx);
      });
    }
    void this.verify(start.runId);
    return { answer: 'continue' };
  }

  /** Verifies what lies in the store and moves the run on. Safe to call at any time; one verification of a run at once. Never rejects. */
  verify(runId: string): Promise<void> {
    const running = this.atWork.get(runId) ?? this.verifyNow(runId).finally(() => this.atWork.delete(runId));
    this.atWork.set(runId, running);
    return running;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.atWork.values());
  }

  private async verifyNow(runId: string): Promise<void> {
    try {
      const run = await this.runs.find(runId);
      if (run?.state !== 'training' || !run.delivery) return;
      try {
        const manifest = await this.read(run, run.delivery);
        await this.accept(run, manifest);
      } catch (error) {
        if (!(error instanceof NotVerified || error instanceof ObjectNotFound)) throw error;
        this.logger.error({ run_id: runId, err: error }, 'the delivered artifact is refused');
        await this.refuse(run);
      }
    } catch (error) {
      // Something it needs is away: the reconciler comes back to it.
      this.logger.warn({ run_id: runId }, `verification put off: ${messageOf(error)}`);
    }
  }

  private async read(run: Run, delivery: Delivery): Promise<ArtifactManifest> {
    const place = epochPlaceOf(run);
    const text = await readSmall(this.store, manifestKey(place), MAX_MANIFEST_BYTES);
    expectSame('manifest', `sha256:${createHash('sha256').update(text).digest('hex')}`, delivery.manifestSha256);
    const manifest = parseManifest(text, run);
    for (const file of manifest.files) {
      const { bytes, sha256, head } = await measure(this.store, artifactKey(place, file.path));
      if (bytes !== file.bytes)
        throw new NotVerified(`${file.path} has ${String(bytes)} bytes instead of ${String(file.bytes)}`);
      expectSame(file.path, sha256, file.sha256);
      if (looksLikePickle(head)) throw new NotVerified(`${file.path} looks like a pickle`);
    }
    expectSame('base decodes', (await measure(this.store, baseDecodesKey(place))).sha256, delivery.baseDecodesSha256);
    expectSame(
      'custom decodes',
      (await measure(this.store, customDecodesKey(place))).sha256,
      delivery.customDecodesSha256,
    );
    return manifest;
  }

  private accept(run: Run, manifest: ArtifactManifest): Promise<void> {
    return this.database.runInTransaction('system', async (tx) => {
      const moved = await this.runs.move(tx, run, 'evaluating', 'artifact verified', unhosted);
      if (!moved) return;
      countStartEnd('done');
      await this.artifacts.insert(tx, moved, manifest.files);
      const told = await this.announcements.progress(tx, moved, {
        stage: 'evaluating',
        progress: EVALUATING_PROGRESS,
        etaSeconds: moved.etaSeconds,
      });
      await this.announcements.trained(tx, told);
    });
  }

  private refuse(run: Run): Promise<void> {
    return this.database.runInTransaction('system', async (tx) => {
      const locked = await this.runs.lock(tx, run.runId);
      if (locked?.state !== 'training' || locked.epoch !== run.epoch) return;
      await this.attempts.endAttempt(tx, locked, { kind: 'failed', message: reasons.notVerified });
    });
  }
}

function parseManifest(text: Buffer, run: Run): ArtifactManifest {
  const parsed = artifactManifest.safeParse(parseJson(text.toString('utf8')));
  if (!parsed.success) throw new NotVerified(`the manifest is not in its form: ${parsed.error.message}`);
  const manifest = parsed.data;
  if (manifest.run_id !== run.runId || manifest.epoch !== run.epoch || manifest.base_digest !== run.baseDigest) {
    throw new NotVerified('the manifest is of another run, epoch or base');
  }
  const paths = manifest.files.map(({ path }) => path);
  const foreign = paths.find((path) => !isAllowedInArtifact(path));
  if (foreign !== undefined) throw new NotVerified(`${foreign} may not be in an artifact`);
  const missing = requiredInArtifact.find((path) => !paths.includes(path));
  if (missing !== undefined) throw new NotVerified(`${missing} is missing`);
  return manifest;
}

function expectSame(what: string, found: string, expected: string): void {
  if (found !== expected) throw new NotVerified(`${what} is ${found} in the store instead of ${expected}`);
}
