import type { Tx } from '@attune/database';
import type { Event, EventName } from '@attune/events';

/** What a handler leaves to be done in the transaction that marks its event as handled. */
export type Effect = (tx: Tx) => Promise<void>;

export interface HandlingContext {
  /** Aborted when the service is told to stop: slow work should end, and is done again elsewhere. */
  signal: AbortSignal;
}

export type Handlers = { [N in EventName]?: (event: Event<N>, tx: Tx) => Promise<void> };

export interface ConsumerSettings {
  /** Names the durable consumers and the inbox rows, for ever: `billing-usage`. Lower case letters, digits, dashes. */
  name: string;
  handlers: Handlers;
  /** Events handled at once by this process, of each name; default 4. */
  concurrency?: number;
  /** Failures of the handler itself before the event becomes a dead letter; default 6. Outages do not count. */
  maxAttempts?: number;
}

export interface WorkerSettings<N extends EventName> {
  name: string;
  event: N;
  /**
   * Slow work outside any transaction (seconds, minutes), then the effect to commit. It may run more than once for an
   * event, here or elsewhere; its effect commits exactly once.
   */
  handle: (event: Event<N>, context: HandlingContext) => Promise<Effect>;
  /** Events worked on at once by this process; default 2. */
  concurrency?: number;
  maxAttempts?: number;
}

/** A consumer: which events, and what to do for one. Made by defineConsumer and defineWorker. */
export interface ConsumerDefinition {
  readonly name: string;
  readonly events: readonly EventName[];
  readonly concurrency: number;
  readonly maxAttempts: number;
  /** Works outside the transaction and answers what remains for it. */
  readonly prepare: (event: Event, context: HandlingContext) => Promise<Effect>;
}

/** A provider whose events the messaging module feeds; listed by class in `MessagingModule.forRoot({ consumers })`. */
export interface EventConsumer {
  readonly definition: ConsumerDefinition;
}

const DEFAULT_MAX_ATTEMPTS = 6;

/** A consumer whose handlers run in the transaction that marks the event as handled. */
export function defineConsumer(settings: ConsumerSettings): ConsumerDefinition {
  const { name, handlers, concurrency = 4, maxAttempts = DEFAULT_MAX_ATTEMPTS } = settings;
  return {
    name,
    events: Object.keys(handlers) as EventName[],
    concurrency,
    maxAttempts,
    prepare: (event) => {
      // The catalogue ties a name to its payload; delivery has checked the payload against this very name.
      const handler = handlers[event.name] as ((event: Event, tx: Tx) => Promise<void>) | undefined;
      if (!handler) throw new Error(`consumer ${name} has no handler for ${event.name}`);
      return Promise.resolve((tx: Tx) => handler(event, tx));
    },
  };
}

/** A consumer whose work is slow: done outside the transaction first, then committed by the effect it answers. */
export function defineWorker<N extends EventName>(settings: WorkerSettings<N>): ConsumerDefinition {
  const { name, event, handle, concurrency = 2, maxAttempts = DEFAULT_MAX_ATTEMPTS } = settings;
  return {
    name,
    events: [event],
    concurrency,
    maxAttempts,
    prepare: (received, context) => handle(received as Event<N>, context),
  };
}

/** Thrown by a handler that knows that trying again is useless: the event becomes a dead letter at once. */
export class PermanentFailure extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PermanentFailure';
  }
}
