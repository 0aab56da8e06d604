import { isInfrastructureFailure, type Database } from '@attune/database';
import { envelope, eventSchemas, type Event } from '@attune/events';
import { AppError, isUuid, messageOf } from '@attune/kernel';
import { withLogContext, type LogContext, type Logger } from '@attune/observability';
import { PermanentFailure, type ConsumerDefinition } from './define';
import { derivedId } from './outbox';
import { forgetFailure, recordFailure } from './failed-events';

/** A message as any transport hands it over. */
export interface Delivery {
  subject: string;
  body: string;
  signal: AbortSignal;
}

/**
 * What became of a delivery. `failed`: the handler's fault, attempt number `attempts`, to be tried again. `deferred`: something
 * it needs is away; not counted. `dead`: a dead letter now.
 */
export type Outcome =
  | { kind: 'handled' | 'duplicate' | 'deferred' }
  | { kind: 'failed'; attempts: number }
  | { kind: 'dead'; reason: string };

/** Handles one delivery of an event: work, then effect and inbox row in one transaction. Never throws. */
export class EventHandler {
  constructor(
    private readonly database: Database,
    private readonly definition: ConsumerDefinition,
    private readonly logger: Logger,
  ) {}

  async handle(delivery: Delivery): Promise<Outcome> {
    const event = parse(delivery.body, this.definition);
    if (event instanceof PermanentFailure) return this.fail(delivery, eventIdOf(delivery.body), event);
    return withLogContext(logFieldsOf(event), () => this.handleEvent(delivery, event));
  }

  private async handleEvent(delivery: Delivery, event: Event): Promise<Outcome> {
    try {
      return await this.process(event, delivery.signal);
    } catch (error) {
      return this.fail(delivery, event.id, error);
    }
  }

  private async process(event: Event, signal: AbortSignal): Promise<Outcome> {
    const { database, definition } = this;
    const scope = { organizationId: event.organization_id };
    const seen = await database.query(scope, 'SELECT FROM inbox WHERE consumer = $1 AND event_id = $2', [
      definition.name,
      event.id,
    ]);
    if (seen.length > 0) return { kind: 'duplicate' };
    const effect = await definition.prepare(event, { signal });
    return database.runInTransaction(scope, async (tx): Promise<Outcome> => {
      // The row is the lock: a second delivery of the event waits here, then finds it taken.
      const inserted = await tx.execute(
        `INSERT INTO inbox (consumer, event_id, organization_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
        [definition.name, event.id, event.organization_id],
      );
      if (inserted === 0) return { kind: 'duplicate' };
      await effect(tx);
      await forgetFailure(tx, definition.name, event.id);
      return { kind: 'handled' };
    });
  }

  private async fail(delivery: Delivery, eventId: string, error: unknown): Promise<Outcome> {
    const { database, definition, logger } = this;
    if (delivery.signal.aborted || isInfrastructureFailure(error)) {
      logger.warn(`${definition.name}: deferred, not counted: ${describe(error)}`);
      return { kind: 'deferred' };
    }
    try {
      const { attempts, dead } = await database.runInTransaction('system', (tx) =>
        recordFailure(tx, {
          consumer: definition.name,
          eventId,
          subject: delivery.subject,
          body: delivery.body,
          error: describe(error),
          permanent: isPermanent(error),
          maxAttempts: definition.maxAttempts,
        }),
      );
      logger.error({ err: error, attempts, dead }, `${definition.name}: could not handle the event`);
      return dead ? { kind: 'dead', reason: describe(error) } : { kind: 'failed', attempts };
    } catch (recordError) {
      logger.warn({ err: recordError }, `${definition.name}: could not record a failure: ${describe(error)}`);
      return { kind: 'deferred' };
    }
  }
}

/** The broker delivers what the consumer handles and nothing else, so any other message is a mistake: it is set aside, never dropped. */
function parse(body: string, { name, events }: ConsumerDefinition): Event | PermanentFailure {
  try {
    const outer = envelope.parse(JSON.parse(body));
    const event = events.find((one) => one === outer.name);
    if (event === undefined) return new PermanentFailure(`${name} has no handler for ${outer.name}`);
    return { ...outer, data: eventSchemas[event].parse(outer.data) } as Event;
  } catch (error) {
    return new PermanentFailure(`not an event of the catalogue: ${messageOf(error)}`, { cause: error });
  }
}

/** The id of a message that is no event: its own where it has one, else derived from its bytes, the same each time. */
function eventIdOf(body: string): string {
  const id = /"id"\s*:\s*"([^"]+)"/.exec(body)?.[1];
  return id !== undefined && isUuid(id) ? id : derivedId(body);
}

/** Bad input stays bad; everything else, a missing row too (events may overtake each other), is worth another try. */
function isPermanent(error: unknown): boolean {
  if (error instanceof PermanentFailure) return true;
  return error instanceof AppError && (error.kind === 'validation' || error.kind === 'unprocessable');
}

/** With what only operators may see: this goes to the log and the failure's row, never to a client. */
function describe(error: unknown): string {
  return error instanceof AppError && error.internal !== undefined
    ? `${error.message} (${error.internal})`
    : messageOf(error);
}

const contextFields = ['model_id', 'run_id', 'item_id'] as const satisfies readonly (keyof LogContext)[];

function logFieldsOf(event: Event): LogContext {
  const data = event.data as Record<string, unknown> | null;
  const known = contextFields.filter((field) => data?.[field] !== undefined).map((field) => [field, data?.[field]]);
  return {
    ...(Object.fromEntries(known) as LogContext),
    event_id: event.id,
    organization_id: event.organization_id,
  };
}
