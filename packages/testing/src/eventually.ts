import { delay } from '@attune/kernel';

/**
 * Calls `check` until it no longer throws and answers what it answered; throws its last error when `timeoutMs` (default
 * 10 000) is up. For what is bound to become true, not for what happens to be true once.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 25 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const started = performance.now();
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() - started >= timeoutMs) throw error;
    }
    await delay(everyMs);
  }
}
