import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@attune/database';
import { delay, messageOf } from '@attune/kernel';
import { Gauge, type Logger } from '@attune/observability';
import { LOGGER } from '@attune/service';
import { Executor } from './executor';
import { QueueRepository } from './queue.repository';

const EVERY_MS = 5000;

const length = new Gauge({
  name: 'attune_training_queue_length',
  help: 'Runs that may start and wait for a place',
  labelNames: ['accelerator'],
});
const oldest = new Gauge({
  name: 'attune_training_queue_oldest_seconds',
  help: 'How long the oldest of them has waited since it was asked for, or since its retry was due',
  labelNames: ['accelerator'],
});
const startable = new Gauge({
  name: 'attune_training_queue_startable',
  help: '1 while there is a place for one of them, 0 while there is none',
  labelNames: ['accelerator'],
});
const heldBack = new Gauge({
  name: 'attune_training_queue_held_back',
  help: 'Runs that may not start yet: their organization is at its limit, or their retry is not due',
  labelNames: ['accelerator'],
});
const provisioning = new Gauge({
  name: 'attune_training_provisioning_length',
  help: 'Starts that wait for a machine',
  labelNames: ['accelerator'],
});
const free = new Gauge({ name: 'attune_training_free_slots', help: 'What no start holds', labelNames: ['pool'] });

/** Measures the queue for as long as the trainer runs. */
@Injectable()
export class QueueMetrics implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private measuring: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly queue: QueueRepository,
    private readonly executor: Executor,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.measuring = this.measure();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.measuring;
  }

  private async measure(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await this.measureOnce();
      } catch (error) {
        this.logger.warn(`the queue was not measured: ${messageOf(error)}`);
      }
      await delay(EVERY_MS, this.stopping.signal);
    }
  }

  private async measureOnce(): Promise<void> {
    const { measures, heads, held } = await this.database.read('system', async (tx) => ({
      measures: await this.queue.measure(tx),
      heads: await this.queue.listHeads(tx),
      held: await this.queue.listHeld(tx, this.executor.host),
    }));
    const isReady = this.executor.isReady();
    // What is waited for no longer is not there, rather than 0; the usual is always there.
    [length, oldest, startable, heldBack, provisioning].forEach((gauge) => gauge.reset());
    const usual = { accelerator: '', waiting: 0, oldestSeconds: 0, heldBack: 0, provisioning: 0 };
    for (const { accelerator, ...measure } of [usual, ...measures]) {
      const alike = heads.filter((head) => (head.accelerator ?? '') === accelerator);
      length.set({ accelerator }, measure.waiting);
      oldest.set({ accelerator }, measure.oldestSeconds);
      startable.set({ accelerator }, isReady && alike.some((head) => this.executor.place(head, held) !== null) ? 1 : 0);
      heldBack.set({ accelerator }, measure.heldBack);
      provisioning.set({ accelerator }, measure.provisioning);
    }
    for (const slots of this.executor.freeSlots(held)) free.set({ pool: slots.pool }, slots.free);
  }
}
