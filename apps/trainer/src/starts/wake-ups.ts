import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { connectClient, Database } from '@attune/database';
import { delay, messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { LOGGER } from '@attune/service';
import { WAKE_CHANNEL } from '../runs/runs.repository';
import { Executor } from './executor';
import { Starter } from './starter';

const RECONNECT_MS = 500;
/** Retries come due with time, and a notification can be lost with its connection. */
const TICK_MS = 1000;

type Client = Awaited<ReturnType<typeof connectClient>>;

/** Wakes the starter: on PostgreSQL's notification (milliseconds after a commit), when a runner ends, and by the clock. */
@Injectable()
export class WakeUps implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private listening: Promise<void> = Promise.resolve();
  private ticking: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly starter: Starter,
    private readonly executor: Executor,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.executor.onChange(() => this.starter.wake());
    this.listening = this.listen();
    this.ticking = this.tick();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.listening, this.ticking, this.starter.stop()]);
  }

  private async tick(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.starter.wake();
      await delay(TICK_MS, this.stopping.signal);
    }
  }

  private async listen(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await this.listenOnce();
      } catch (error) {
        this.logger.warn(`wake-ups: ${messageOf(error)}`);
      }
      await delay(RECONNECT_MS, this.stopping.signal);
    }
  }

  /** Until the connection is lost or the application stops. */
  private async listenOnce(): Promise<void> {
    const client: Client = await connectClient(
      this.database.url,
      { applicationName: 'training wake-ups' },
      { timeoutMs: 0 },
    );
    try {
      const ended = new Promise<void>((resolve) => {
        client.once('end', () => resolve());
        client.once('error', () => resolve());
        this.stopping.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      client.on('notification', () => this.starter.wake());
      await client.query(`LISTEN ${WAKE_CHANNEL}`);
      // Something may have been committed before the first LISTEN.
      this.starter.wake();
      await ended;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
