import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@attune/database';
import { delay, messageOf, type Clock, type OrganizationId } from '@attune/kernel';
import { Counter, type Logger } from '@attune/observability';
import { CLOCK, LOGGER } from '@attune/service';
import { SECRETS_KEY } from '../platform/sealer';
import { DeliverySigner } from './delivery-signer';
import { nextAttemptInMs } from './webhook';
import { WebhookDeliveriesRepository, type ClaimedDelivery } from './webhook-deliveries.repository';
import { webhookSealer } from './webhook-secrets';
import { WebhookSender, type SendResult } from './webhook-sender';
import { WebhooksRepository } from './webhooks.repository';

export const SEND_TIMEOUT_MS = 15_000;
/** After that an attempt of which nothing was heard (the process died) is made again. Longer than any attempt takes. */
const LOST_AFTER_MS = 60_000;
const POLL_MS = 500;
/** Attempts at once in this process, of one organization, and of one webhook. */
const LIMIT = 256;
const PER_ORGANIZATION = 16;
const PER_WEBHOOK = 4;
const GONE = 410;

const attempts = new Counter({
  name: 'attune_webhook_attempts_total',
  help: 'Attempts to deliver webhooks: delivered, failed (tried again while there is hope), gone (410: the webhook is disabled)',
  labelNames: ['outcome'],
});
for (const outcome of ['delivered', 'failed', 'gone']) attempts.inc({ outcome }, 0);

interface UnderWay {
  organizationId: OrganizationId;
  webhookId: string;
  done: Promise<void>;
}

/**
 * Delivers what is due, at least once and with one id for all attempts: a row is claimed in one transaction, sent outside any,
 * and its outcome is written in another; who dies in between leaves a row that is due again a minute after its claim.
 * Any number of instances may run. In each, a webhook has four attempts under way at most and an organization's share is
 * bounded: receivers that do not answer delay their owner alone.
 */
@Injectable()
export class DeliveryWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly signer: DeliverySigner;
  private readonly stopping = new AbortController();
  private readonly underWay = new Map<string, UnderWay>();
  private running: Promise<void> | null = null;
  /** Ends the pause between two looks: a webhook that was busy may have more. */
  private pause = new AbortController();

  constructor(
    private readonly database: Database,
    private readonly webhooks: WebhooksRepository,
    private readonly deliveries: WebhookDeliveriesRepository,
    private readonly sender: WebhookSender,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(SECRETS_KEY) secretsKey: string,
  ) {
    this.signer = new DeliverySigner(webhookSealer(secretsKey), clock);
  }

  onApplicationBootstrap(): void {
    this.running ??= this.run();
  }

  /** Waits for what is under way. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.settled();
  }

  /** Begins whatever is due and fits; answers how many attempts that were. */
  async begin(): Promise<number> {
    const claimed = await this.database.runInTransaction('system', (tx) =>
      this.deliveries.claim(tx, {
        lostAfterMs: LOST_AFTER_MS,
        busy: [...new Set([...this.underWay.values()].map(({ webhookId }) => webhookId))],
        underWay: this.countByOrganization(),
        perWebhook: PER_WEBHOOK,
        perOrganization: PER_ORGANIZATION,
        limit: LIMIT - this.underWay.size,
      }),
    );
    for (const delivery of claimed) {
      const done = this.attempt(delivery).finally(() => {
        this.underWay.delete(delivery.id);
        this.pause.abort();
      });
      this.underWay.set(delivery.id, { organizationId: delivery.organizationId, webhookId: delivery.webhookId, done });
    }
    return claimed.length;
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all([...this.underWay.values()].map(({ done }) => done));
  }

  private countByOrganization(): Map<OrganizationId, number> {
    const counts = new Map<OrganizationId, number>();
    for (const { organizationId } of this.underWay.values())
      counts.set(organizationId, (counts.get(organizationId) ?? 0) + 1);
    return counts;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.pause = new AbortController();
      const begun = await this.begin().catch((error: unknown) => {
        this.logger.warn(`webhooks: ${messageOf(error)}`);
        return 0;
      });
      if (begun === 0) await delay(POLL_MS, AbortSignal.any([this.stopping.signal, this.pause.signal]));
    }
  }

  /** Never rejects: an outcome that cannot be written is one that nobody heard of, and the delivery is due again. */
  private async attempt(delivery: ClaimedDelivery): Promise<void> {
    try {
      const result = await this.send(delivery);
      attempts.inc({ outcome: outcomeOf(result) });
      const { organizationId } = delivery;
      await this.database.runInTransaction({ organizationId }, async (tx) => {
        if (result.error === null) {
          await this.deliveries.markDelivered(tx, delivery, result.status ?? 0);
          return;
        }
        const isGone = result.status === GONE;
        const nextInMs = isGone ? null : nextAttemptInMs(delivery.attempt, Math.random());
        await this.deliveries.markFailed(tx, delivery, { status: result.status, error: result.error, nextInMs });
        if (isGone) {
          const webhook = { organizationId, id: delivery.webhookId };
          await this.webhooks.disable(tx, webhook, 'the receiver answered 410 Gone', this.clock.now());
        }
      });
    } catch (error) {
      this.logger.warn(`webhook delivery ${delivery.id}: ${messageOf(error)}`);
    }
  }

  /** An attempt that cannot be signed fails as one that was not answered: its owner sees why, and may rotate the secret meanwhile. */
  private async send(delivery: ClaimedDelivery): Promise<SendResult> {
    const message = this.signer.sign(delivery);
    if (message) return this.sender.send(message);
    this.logger.warn(`webhook ${delivery.webhookId}: its secret does not open with this SECRETS_KEY`);
    return { status: null, error: 'the secret cannot be read any more: rotate it' };
  }
}

function outcomeOf({ status, error }: SendResult): 'delivered' | 'gone' | 'failed' {
  if (error === null) return 'delivered';
  return status === GONE ? 'gone' : 'failed';
}
