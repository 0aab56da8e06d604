import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { EngineServer, type ServeResult } from '@attune/engine-protocol';
import type { Logger } from '@attune/observability';
import { LOGGER } from '@attune/service';
import { Permits } from '../permits';
import { unavailable } from '../transcriptions/transcription.errors';

export interface EngineSettings {
  /** Engine -> program and fixed arguments. */
  commands: Readonly<Record<string, readonly string[]>>;
  /** Of one engine process; its own choice when absent. */
  threads?: number;
  /** Bound of the models that an engine keeps loaded. */
  memoryLimitMb: number;
  /** Requests that may wait for one engine. */
  maxPending: number;
  timeoutMs: number;
}

export const ENGINE_SETTINGS = Symbol('attune:engine-settings');

export interface EngineJob {
  engine: string;
  audioMs: number;
  modelDirectory: string;
  audioPath: string;
  language: string;
}

/** An engine takes a few recordings in turns: long ones leave room for clips, which else would wait for minutes. */
const LONG_MS = 120_000;
const LONG_AT_ONCE = 2;

/** One warm process of each engine, started with the service and again whenever it ends. */
@Injectable()
export class Engines implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly servers: ReadonlyMap<string, EngineServer>;
  private readonly longOnes = new Permits(LONG_AT_ONCE);

  constructor(
    @Inject(ENGINE_SETTINGS) settings: EngineSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.servers = new Map(
      Object.entries(settings.commands).map(([engine, command]) => [engine, this.serverOf(engine, command, settings)]),
    );
  }

  onApplicationBootstrap(): void {
    for (const [engine, server] of this.servers) {
      server.start().then(
        ({ versions }) => this.logger.info({ engine, versions }, 'engine is ready'),
        (error: unknown) => this.logger.error({ engine, err: error }, 'engine did not start'),
      );
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
  }

  /** Throws EngineRequestError when the engine refuses the request, SERVICE_UNAVAILABLE when it is away, dies or is overloaded. */
  transcribe(job: EngineJob, signal: AbortSignal): Promise<ServeResult> {
    const server = this.servers.get(job.engine);
    if (!server) throw unavailable(`no engine "${job.engine}" is configured`);
    const request = { model_directory: job.modelDirectory, audio: job.audioPath, language: job.language };
    const run = (): Promise<ServeResult> => server.request(request, signal);
    return job.audioMs > LONG_MS ? this.longOnes.run(run, signal) : run();
  }

  /** For readiness: throws while an engine does not run. */
  check(): void {
    for (const [engine, server] of this.servers)
      if (!server.ready) throw new Error(`the engine ${engine} is not ready`);
  }

  private serverOf(engine: string, command: readonly string[], settings: EngineSettings): EngineServer {
    return new EngineServer({
      command,
      ...(settings.threads !== undefined && { threads: settings.threads }),
      memoryLimitMb: settings.memoryLimitMb,
      maxPending: settings.maxPending,
      requestTimeoutMs: settings.timeoutMs,
      onEnd: ({ exitCode, signal, stderr }) =>
        this.logger.warn({ engine, exit_code: exitCode, signal, stderr }, 'engine ended'),
    });
  }
}
