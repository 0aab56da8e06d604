import { Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import { Messaging, Outbox } from '@attune/messaging';

/** How far the clocks of PostgreSQL and NATS may be apart. What was sent within it of the stream's birth may be sent twice, under its one id. */
const CLOCKS_MS = 10_000;

/** Finance's events outlive the broker's store: those that went into a stream which is gone are sent again into the one that took its place. */
@Injectable()
export class OverageEventsService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly messaging: Messaging,
  ) {}

  /** Of all that the outbox still has, as long as the stream would have. Answers how many were sent again. */
  async resendLost(): Promise<number> {
    const since = await this.messaging.cloudEventsSince();
    return this.database.runInTransaction('system', (tx) =>
      this.outbox.republish(tx, {
        name: 'billing.overage-recorded.v1',
        sentBefore: new Date(since.getTime() + CLOCKS_MS),
      }),
    );
  }
}
