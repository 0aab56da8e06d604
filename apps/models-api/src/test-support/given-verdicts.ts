import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { VerdictWatch } from '../data-items/verdict-watch';

/** Of a verdict that never comes in although a test has given it. */
const PATIENCE_MS = 20_000;

/**
 * Uploads wait for a verdict that a test has given until it has come in, however slow the machine is; for one that it has not
 * given they wait as long as they always do.
 */
export function waitForGivenVerdicts(app: NestFastifyApplication, given: ReadonlySet<string>): void {
  const watch = app.get(VerdictWatch);
  const waitFor = watch.waitFor.bind(watch);
  watch.waitFor = async (id, timeoutMs) =>
    (await waitFor(id, timeoutMs)) ?? (given.has(id) ? waitFor(id, PATIENCE_MS) : null);
}
