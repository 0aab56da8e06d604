import { availableParallelism } from 'node:os';

/**
 * The arguments with which node runs a service's program on a host that it shares: it leaves one core to the others while it
 * collects garbage. With V8's own four helpers a full collection took both of two cores for a tenth of a second, and every
 * request of every service waited for it.
 */
export function serviceArguments(program: string, cores = availableParallelism()): string[] {
  return [`--v8-pool-size=${String(Math.min(4, Math.max(1, cores - 1)))}`, program];
}
