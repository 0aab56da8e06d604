import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { inTime, messageOf } from '@attune/kernel';

/** A named question that must be answered without an error, within two seconds, for the service to be ready. */
export interface HealthCheck {
  name: string;
  check(): Promise<unknown>;
}

export const HEALTH_CHECKS = Symbol('attune:health-checks');
const CHECK_TIMEOUT_MS = 2000;

@Injectable()
export class Readiness implements BeforeApplicationShutdown {
  private stopping = false;

  constructor(@Inject(HEALTH_CHECKS) private readonly checks: readonly HealthCheck[]) {}

  /** From the moment shutdown begins the service is not ready, so that nobody sends it new work. */
  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  /** The status and the body of the answer: 503 names which check failed. */
  async report(): Promise<{ code: 200 | 503; body: { status: string; checks: Record<string, string> } }> {
    const results = await Promise.all(this.checks.map(async (one) => [one.name, await outcome(one)] as const));
    const checks = Object.fromEntries(results);
    if (this.stopping) checks['shutdown'] = 'the service is stopping';
    const ready = Object.values(checks).every((answer) => answer === 'ok');
    return { code: ready ? 200 : 503, body: { status: ready ? 'ok' : 'unavailable', checks } };
  }
}

async function outcome(one: HealthCheck): Promise<string> {
  try {
    await inTime(one.check(), CHECK_TIMEOUT_MS);
    return 'ok';
  } catch (error) {
    return messageOf(error);
  }
}
