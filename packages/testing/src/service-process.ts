import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '@attune/embedded';
import { eventually } from './eventually';
import { tsProgram } from './ts-program';

/** What every service is told, as its own env.ts reads it. */
export interface ServiceSurroundings {
  databaseUrl: string;
  natsUrl: string;
  store: { kind: 'filesystem'; directory: string; signingSecret: string; publicBaseUrl: string } | { kind: 's3' };
}

/** A service as a process of its own, for tests that kill it. */
export class ServiceProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /**
   * Does not wait until it is ready. A program in TypeScript runs from its sources. `more` is what this service alone is told. Port 0 is any,
   * which nobody is told; `log` is an open file for what it says, which is else its errors only, among the test's own.
   */
  static spawn(
    program: string,
    { databaseUrl, natsUrl, store }: ServiceSurroundings,
    more: Record<string, string>,
    { port = 0, log }: { port?: number; log?: number } = {},
  ): ServiceProcess {
    if (store.kind !== 'filesystem') throw new Error('a service under test has a filesystem store');
    const { command, args } = program.endsWith('.ts')
      ? tsProgram(program)
      : { command: process.execPath, args: [program] };
    const child = spawn(command, args, {
      stdio: ['ignore', log ?? 'ignore', log ?? 'inherit'],
      env: {
        PATH: process.env['PATH'],
        PORT: String(port),
        LOG_LEVEL: 'silent',
        DATABASE_URL: databaseUrl,
        NATS_URL: natsUrl,
        STORE_KIND: 'filesystem',
        STORE_DIRECTORY: store.directory,
        STORE_SIGNING_SECRET: store.signingSecret,
        STORE_INTERNAL_URL: store.publicBaseUrl,
        ...more,
      },
    });
    return new ServiceProcess(child, `http://127.0.0.1:${String(port)}`);
  }

  /** On a free port; resolves when it is ready. One that does not become ready is killed. */
  static async start(
    program: string,
    surroundings: ServiceSurroundings,
    more: Record<string, string>,
  ): Promise<ServiceProcess> {
    const service = ServiceProcess.spawn(program, surroundings, more, { port: await freePort() });
    try {
      await eventually(() => service.checkReady(), { timeoutMs: 60_000 });
    } catch (error) {
      // Nobody else knows of it.
      await service.end('SIGKILL');
      throw error;
    }
    return service;
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the service could not be started');
    return this.child.pid;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Throws while it is not ready, and when it is gone: what answers then is another. */
  async checkReady(): Promise<void> {
    if (!this.isRunning) throw new Error('the service has ended');
    const answer = await fetch(`${this.url}/healthz/ready`);
    if (!answer.ok) throw new Error(`not ready: ${await answer.text()}`);
  }

  /** Ends it by a signal; resolves when it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }
}
