import { AsyncLocalStorage } from 'node:async_hooks';

/** Fields that every log line of one request, event or run carries. */
export interface LogContext {
  request_id?: string;
  organization_id?: string;
  model_id?: number;
  run_id?: string;
  item_id?: string;
  event_id?: string;
}

const storage = new AsyncLocalStorage<LogContext>();

/** Runs `fn` with `fields` added to the context of its log lines. */
export function withLogContext<T>(fields: LogContext, fn: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, fn);
}

/** Adds fields to the current context, for what becomes known on the way (the organization, after the key check). */
export function addLogContext(fields: LogContext): void {
  const current = storage.getStore();
  if (current) Object.assign(current, fields);
}

export function logContext(): LogContext {
  return storage.getStore() ?? {};
}
