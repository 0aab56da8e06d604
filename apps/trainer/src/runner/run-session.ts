import { join } from 'node:path';
import { runEngine, type EngineEvent, type EngineOutcome } from '@attune/engine-protocol';
import type { Logger } from '@attune/observability';
import { writeFile } from 'node:fs/promises';
import type { ClaimReply, ReadSource, SignedWrite, WriteTarget } from '../runner-protocol/protocol';
import type { Phase, ProgressScale } from './progress';
import type { Reporter } from './reporter';
import { RunFault, Stopped } from './run-errors';
import type { TrainerClient } from './trainer-client';

export interface RunSessionParts {
  client: TrainerClient;
  claim: ClaimReply;
  reporter: Reporter;
  progress: ProgressScale;
  logger: Logger;
  engine: readonly string[];
  threads: number;
  workDirectory: string;
  cacheDirectory: string;
  /** Aborted when the lease is lost: nothing more is written. */
  lost: AbortSignal;
  /** Aborted when the runner is asked to end: the engine saves a checkpoint, then everything ends. */
  ending: AbortSignal;
}

/** What every step of one run works with. */
export class RunSession {
  constructor(private readonly parts: RunSessionParts) {}

  get client(): TrainerClient {
    return this.parts.client;
  }

  get claim(): ClaimReply {
    return this.parts.claim;
  }

  get reporter(): Reporter {
    return this.parts.reporter;
  }

  get logger(): Logger {
    return this.parts.logger;
  }

  get threads(): number {
    return this.parts.threads;
  }

  get cacheDirectory(): string {
    return this.parts.cacheDirectory;
  }

  /** For transfers: aborted only when the run is lost, so that the last checkpoint still travels. */
  get signal(): AbortSignal {
    return this.parts.lost;
  }

  get isEnding(): boolean {
    return this.parts.ending.aborted;
  }

  /** A path in this start's own folder. */
  path(...parts: string[]): string {
    return join(this.parts.workDirectory, ...parts);
  }

  async readUrl(source: ReadSource): Promise<string> {
    const [url] = await this.client.signReads([source]);
    if (url === undefined) throw new Error('the trainer signed nothing');
    return url;
  }

  async writeUrl(target: WriteTarget): Promise<SignedWrite> {
    const [write] = await this.client.signWrites([target]);
    if (write === undefined) throw new Error('the trainer signed nothing');
    return write;
  }

  enter(phase: Phase): void {
    this.parts.reporter.show(this.parts.progress.enter(phase));
    this.checkEnding();
  }

  step(done: number, total: number, etaSeconds: number | null = null): void {
    this.parts.reporter.show(this.parts.progress.step(done, total, etaSeconds));
  }

  /** Throws when the runner was asked to end or has lost its run. */
  checkEnding(): void {
    if (this.parts.lost.aborted) throw new Stopped('the lease is lost');
    if (this.parts.ending.aborted) throw new RunFault('interrupted', 'The run was interrupted.');
  }

  /**
   * Runs one command of the engine on a job; logs and metrics are relayed, the rest is `onEvent`'s. Throws unless it is done: RunFault with
   * the engine's own words, or Stopped.
   */
  async runEngine(
    name: string,
    job: { command: string },
    onEvent: (event: EngineEvent) => void | Promise<void>,
  ): Promise<void> {
    this.checkEnding();
    const jobFile = this.path(`${name}.job.json`);
    const startedAt = performance.now();
    await writeFile(jobFile, JSON.stringify(job));
    const outcome = await runEngine({
      command: this.parts.engine,
      args: [job.command, jobFile],
      signal: AbortSignal.any([this.parts.lost, this.parts.ending]),
      onEvent: (event) => {
        this.relay(event);
        return onEvent(event);
      },
    });
    this.noteOutcome(name, outcome, performance.now() - startedAt);
    if (outcome.kind === 'done') return;
    this.checkEnding();
    throw toFault(outcome);
  }

  private relay(event: EngineEvent): void {
    if (event.type === 'log') this.reporter.log(event.level, event.message);
    if (event.type === 'metric') this.reporter.metric(event);
    if (event.type === 'progress') this.step(event.done, event.total, event.eta_seconds);
  }

  private noteOutcome(name: string, outcome: EngineOutcome, durationMs: number): void {
    const { kind, exitCode, signal, malformedLines, stderr } = outcome;
    const fields = { command: name, kind, duration_ms: Math.round(durationMs) };
    if (kind === 'done' && malformedLines === 0) this.logger.info(fields, 'engine');
    else {
      this.logger.warn({ ...fields, exit_code: exitCode, signal, malformed_lines: malformedLines, stderr }, 'engine');
    }
  }
}

function toFault(outcome: EngineOutcome): RunFault {
  const said = outcome.error?.message;
  switch (outcome.kind) {
    case 'data':
      return new RunFault('data', said ?? 'The training data cannot be used.');
    case 'interrupted':
      return new RunFault('interrupted', 'The engine was interrupted.');
    case 'done':
    case 'engine':
      return new RunFault('engine', said ?? 'The training program ended unexpectedly.');
  }
}
