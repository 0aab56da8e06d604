import type { Clock } from '@attune/kernel';
import type { Sealer } from '../platform/sealer';
import { signMessage } from './webhook';
import type { ClaimedDelivery } from './webhook-deliveries.repository';
import type { OutgoingMessage } from './webhook-sender';

/** Makes of a delivery what is sent: its payload, signed with its webhook's secret, and with the previous one for its day. */
export class DeliverySigner {
  constructor(
    private readonly sealer: Sealer,
    private readonly clock: Clock,
  ) {}

  /**
   * Null when the secret does not open: SECRETS_KEY is another one since, and only a rotation helps. The secret before that
   * rotation does not open either; then the new one signs alone.
   */
  sign(delivery: ClaimedDelivery): OutgoingMessage | null {
    const [secret, previous] = [delivery.secret, delivery.previousSecret].map((sealed) => this.open(sealed, delivery));
    if (typeof secret !== 'string') return null;
    const timestampSeconds = Math.floor(this.clock.now().getTime() / 1000);
    const message = { id: delivery.messageId, timestampSeconds, body: delivery.payload };
    return {
      url: delivery.url,
      body: delivery.payload,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Attune-Webhooks/1',
        'webhook-id': delivery.messageId,
        'webhook-timestamp': String(timestampSeconds),
        'webhook-signature': signMessage(message, typeof previous === 'string' ? [secret, previous] : [secret]),
      },
    };
  }

  private open(sealed: Buffer | null, { webhookId }: ClaimedDelivery): string | null {
    try {
      return sealed && this.sealer.open(sealed, webhookId);
    } catch {
      return null;
    }
  }
}
