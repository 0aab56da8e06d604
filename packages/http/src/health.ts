import {
  Controller,
  Get,
  Inject,
  Injectable,
  Res,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type FactoryProvider,
  Module,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { messageOf } from '@attune/kernel';
import { register } from '@attune/observability';
import { PublicRoute } from './public-route';

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

  async report(): Promise<{ ready: boolean; checks: Record<string, string> }> {
    const results = await Promise.all(this.checks.map(async (one) => [one.name, await outcome(one)] as const));
    const checks = Object.fromEntries(results);
    if (this.stopping) checks['shutdown'] = 'the service is stopping';
    return { ready: Object.values(checks).every((answer) => answer === 'ok'), checks };
  }
}

async function outcome(one: HealthCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([one.check(), timeout]);
    return 'ok';
  } catch (error) {
    return messageOf(error);
  } finally {
    clearTimeout(timer);
  }
}

/** `/healthz/live`: the process answers. `/healthz/ready` (and `/healthz`): every check passes, else 503 that names which failed. */
@PublicRoute()
@Controller()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('healthz/live')
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get(['healthz', 'healthz/ready'])
  async ready(
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ status: string; checks: Record<string, string> }> {
    const { ready, checks } = await this.readiness.report();
    void reply.status(ready ? 200 : 503);
    return { status: ready ? 'ok' : 'unavailable', checks };
  }
}

@PublicRoute()
@Controller()
export class MetricsController {
  @Get('metrics')
  async metrics(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.header('content-type', register.contentType);
    return register.metrics();
  }
}

/** Health and metrics of a service. `inject` names the providers that `checks` gets; `metrics: false` on the public listener. */
@Module({})
export class HealthModule {
  static forRoot(options: {
    imports?: NonNullable<DynamicModule['imports']>;
    inject?: NonNullable<FactoryProvider['inject']>;
    checks: (...providers: never[]) => HealthCheck[];
    metrics?: boolean;
  }): DynamicModule {
    return {
      module: HealthModule,
      imports: options.imports ?? [],
      controllers: options.metrics === false ? [HealthController] : [HealthController, MetricsController],
      providers: [Readiness, { provide: HEALTH_CHECKS, useFactory: options.checks, inject: options.inject ?? [] }],
    };
  }
}
