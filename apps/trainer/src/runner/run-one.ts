import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { delay, messageOf } from '@attune/kernel';
import { exitCodes } from '@attune/engine-protocol';
import type { Logger } from '@attune/observability';
import { toTrainItems } from './align-recordings';
import { fetchBase } from './base-cache';
import { decodeTestSet } from './decode-test-set';
import { deliver, type Result } from './deliver';
import { Lease } from './lease';
import { ProgressScale } from './progress';
import { fetchRecordings, fetchSnapshot, type Recording } from './recordings';
import { Reporter } from './reporter';
import { RunFault, Stopped } from './run-errors';
import { RunSession } from './run-session';
import type { RunnerEnv } from './env';
import { trainModel } from './train-model';
import { TrainerClient } from './trainer-client';
import { splitSnapshot, type Split } from './training-set';

/** How long a runner that gives up tries to say so. */
const LAST_WORDS_MS = 10_000;

/**
 * One start of one run, from claim to delivery. Answers the exit code: 0 delivered, 65 and 70 given up for the reason told to the trainer,
 * 75 when the run is no longer this runner's or it was asked to end (`ending`).
 */
export async function runOne(env: RunnerEnv, logger: Logger, ending: AbortSignal): Promise<number> {
  const lease = new Lease(logger);
  const client = new TrainerClient({ ...env, signal: lease.signal });
  const reporter = new Reporter((sequence, events) => client.report(sequence, events));
  try {
    const claimedAt = performance.now();
    const claim = await client.claim(randomUUID(), ending);
    lease.keep(claim.lease_ms, claimedAt, (timeoutMs) => client.heartbeat(timeoutMs));
    const engine = env.engines[claim.engine];
    if (!engine) throw new RunFault('engine', `This platform has no engine named ${claim.engine}.`);

    let testRecordings = 0;
    const progress = new ProgressScale(() => testRecordings);
    const session = new RunSession({
      ...env,
      client,
      claim,
      reporter,
      progress,
      logger,
      engine,
      lost: lease.signal,
      ending,
    });
    const result = await work(session, (split) => (testRecordings = split.test.length));
    const completion = await deliver(session, env.runId, result);
    await reporter.flush();
    lease.check();
    await client.complete(completion);
    return exitCodes.done;
  } catch (error) {
    return await giveUp(error, client, reporter, lease, logger);
  } finally {
    await lease.release();
  }
}

async function work(session: RunSession, onSplit: (split: Split) => void): Promise<Result> {
  const { reporter, claim } = session;
  const [base, snapshot] = await Promise.all([
    fetchBase(session.cacheDirectory, claim.base, (path) => session.readUrl({ kind: 'base', path }), session.signal),
    fetchSnapshot(session),
  ]);
  const split = splitSnapshot(snapshot);
  if (!split) throw new RunFault('data', 'Training needs at least two recordings, or one and a test recording.');
  onSplit(split);
  announce(session, split);

  const { train, test } = await fetchAll(session, split);
  const items = await toTrainItems(session, train, base);
  const artifact = await trainModel(session, items, base);
  reporter.log('info', `Transcribing ${String(test.length)} recordings with the base and with the trained model.`);
  const baseDecodes = await decodeTestSet(session, 'base', join(base, 'ctranslate2'), test);
  const customDecodes = await decodeTestSet(session, 'custom', session.path('artifact', 'ctranslate2'), test);
  return { artifact, baseDecodes, customDecodes, evaluatedOn: split.evaluatedOn };
}

function announce(session: RunSession, { train, test, evaluatedOn }: Split): void {
  const minutes = train.reduce((sum, { audio_ms }) => sum + audio_ms, 0) / 60_000;
  session.reporter.log('info', `Training on ${String(train.length)} recordings, ${minutes.toFixed(1)} minutes.`);
  if (evaluatedOn === 'held_out') {
    session.reporter.log(
      'info',
      `There is no test data: ${String(test.length)} of the training recordings are kept out of training to measure the result on.`,
    );
  }
}

async function fetchAll(session: RunSession, split: Split): Promise<{ train: Recording[]; test: Recording[] }> {
  const items = [...split.train, ...split.test];
  let done = 0;
  const recordings = await fetchRecordings(session, items, () => session.step((done += 1), items.length));
  return { train: recordings.slice(0, split.train.length), test: recordings.slice(split.train.length) };
}

/** Tells the trainer why, unless the run is no longer ours. */
async function giveUp(
  error: unknown,
  client: TrainerClient,
  reporter: Reporter,
  lease: Lease,
  logger: Logger,
): Promise<number> {
  if (error instanceof Stopped || lease.signal.aborted) {
    logger.warn(messageOf(error));
    return exitCodes.interrupted;
  }
  const fault =
    error instanceof RunFault
      ? error
      : new RunFault('engine', 'The training program could not read or write its files.', { cause: error });
  logger.error({ err: fault.cause ?? fault, kind: fault.kind }, fault.message);
  await Promise.race([tell(fault, client, reporter, logger), delay(LAST_WORDS_MS)]);
  return exitCodes[fault.kind];
}

/** The log first: it says what led to the end. */
async function tell(fault: RunFault, client: TrainerClient, reporter: Reporter, logger: Logger): Promise<void> {
  try {
    if (fault.kind !== 'interrupted') reporter.log('error', fault.message);
    await reporter.flush();
    await client.fail({ kind: fault.kind, message: fault.message });
  } catch (error) {
    logger.warn(`the trainer was not told: ${messageOf(error)}`);
  }
}
