export { defineConsumer, defineWorker, PermanentFailure } from './define';
export type {
  ConsumerDefinition,
  ConsumerSettings,
  Effect,
  EventConsumer,
  Handlers,
  HandlingContext,
  WorkerSettings,
} from './define';
export { EventHandler, type Delivery, type Outcome } from './handle';
export { listDeadLetters, type DeadLetter } from './failed-events';
export { Messaging, type MessagingSettings } from './messaging';
export { noteStale } from './metrics';
export { MessagingModule, RpcModule, type MessagingModuleSettings, type RpcModuleSettings } from './messaging.module';
export { connectNats, type NatsSettings } from './nats';
export { derivedId, Outbox, type AddOptions, type RepublishFilter } from './outbox';
export { Relay, type OutboxMessage, type RelaySettings } from './relay';
export type { RetentionSettings } from './retention';
export { Rpc } from './rpc';
export { CLOUD_EVENT_DAYS, ensureStreams, type StreamSettings } from './streams';
export { CLOUD_EVENT_STREAM, cloudEventSubject, durableOf, eventSubject, streamOf, streamOfEvent } from './subjects';
export { messagingRowSecurity, messagingTables } from './tables';
