import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '@attune/embedded';
import { eventually, tsProgram } from '@attune/testing';
import type { IngestionLab } from './ingestion-lab';

/** Ingestion as a process of its own, to be killed. */
export class IngestionProcess {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves when it is ready. */
  static async start({ env }: IngestionLab): Promise<IngestionProcess> {
    if (env.store.kind !== 'filesystem') throw new Error('the lab has a filesystem store');
    const port = await freePort();
    const { command, args } = tsProgram(join(__dirname, '..', 'main.ts'));
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        PORT: String(port),
        LOG_LEVEL: 'silent',
        DATABASE_URL: env.databaseUrl,
        NATS_URL: env.natsUrl,
        STORE_KIND: 'filesystem',
        STORE_DIRECTORY: env.store.directory,
        STORE_SIGNING_SECRET: env.store.signingSecret,
        STORE_INTERNAL_URL: env.store.publicBaseUrl,
        WORK_DIRECTORY: env.work.directory,
        CONCURRENCY: String(env.work.concurrency),
      },
    });
    await eventually(
      async () => {
        const answer = await fetch(`http://127.0.0.1:${String(port)}/healthz/ready`);
        if (!answer.ok) throw new Error(await answer.text());
      },
      { timeoutMs: 30_000 },
    );
    return new IngestionProcess(child);
  }

  /** Ends it by a signal; resolves when it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }
}
