import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runEngine, type EngineOutcome } from '../run-engine';
import type { EngineEvent } from '../events';
import type { TrainJob } from '../jobs';

const program = join(__dirname, '..', '..', 'test-engine', 'engine.mjs');

/** What the scripted engine understands; see test-engine/engine.mjs. */
export interface Script {
  steps?: number;
  step_ms?: number;
  checkpoint_every?: number;
  item_ms?: number;
  faults?: { at: string; do: string; times?: number }[];
}

/** A folder with a scripted engine, a base and some audio, for the tests of this package. */
export class EngineBench {
  readonly directory = mkdtempSync(join(tmpdir(), 'attune-engine-'));
  readonly baseDirectory = join(this.directory, 'base');

  engine(script: Script = {}): string[] {
    const file = join(mkdtempSync(join(this.directory, 'script-')), 'script.json');
    writeFileSync(file, JSON.stringify(script));
    return [process.execPath, program, '--script', file];
  }

  async makeBase(): Promise<void> {
    await runEngine({
      command: this.engine(),
      args: ['base', 'default', '--output', this.baseDirectory],
      onEvent: () => undefined,
    });
  }

  audio(name: string, text: string): { path: string; sha256: string } {
    const path = join(this.directory, name);
    const content = text.padEnd(64_000, ' ');
    writeFileSync(path, content);
    return { path, sha256: `sha256:${createHash('sha256').update(content).digest('hex')}` };
  }

  trainJob(name: string): TrainJob {
    const work = join(this.directory, name);
    mkdirSync(work);
    const items = ['one', 'two'].map((id) => {
      const { path, sha256 } = this.audio(`${id}.wav`, id);
      return { id, audio: path, sha256, duration_ms: 2000, transcript: `number ${id}`, recording: id };
    });
    return {
      protocol: 1,
      command: 'train',
      base: { directory: this.baseDirectory, digest: `sha256:${'0'.repeat(64)}` },
      language: 'en',
      seed: 17,
      threads: 1,
      items,
      checkpoint_directory: join(work, 'checkpoints'),
      output_directory: join(work, 'artifact'),
    };
  }

  /** Runs a job and collects what the engine said. `graceMs`: from SIGTERM to SIGKILL. */
  async run(
    command: readonly string[],
    job: { command: string },
    signal?: AbortSignal,
    onEvent: (event: EngineEvent) => void = () => undefined,
    graceMs = 20_000,
  ): Promise<EngineOutcome & { events: EngineEvent[] }> {
    const file = join(mkdtempSync(join(this.directory, 'job-')), 'job.json');
    writeFileSync(file, JSON.stringify(job));
    const events: EngineEvent[] = [];
    const outcome = await runEngine({
      command,
      args: [job.command, file],
      signal,
      graceMs,
      onEvent: (event) => {
        events.push(event);
        onEvent(event);
      },
    });
    return { ...outcome, events };
  }
}
