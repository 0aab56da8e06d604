import { Controller, Get, Res, type DynamicModule, type FactoryProvider, Module } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { register } from '@attune/observability';
import { METRICS_LISTENER, MetricsListener, type MetricsListenerSettings } from './metrics-listener';
import { PublicRoute } from './public-route';
import { HEALTH_CHECKS, Readiness, type HealthCheck } from './readiness';

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
    const { code, body } = await this.readiness.report();
    void reply.status(code);
    return body;
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

/**
 * Health and metrics of a service. `inject` names the providers that `checks` gets. `metrics`: on the service's own listener (the default),
 * nowhere (false), or, with health, on an internal one: what the service with the public listener says.
 */
@Module({})
export class HealthModule {
  static forRoot(options: {
    imports?: NonNullable<DynamicModule['imports']>;
    inject?: NonNullable<FactoryProvider['inject']>;
    checks: (...providers: never[]) => HealthCheck[];
    metrics?: false | MetricsListenerSettings;
  }): DynamicModule {
    const { imports = [], inject = [], checks, metrics } = options;
    const listener = metrics ? [{ provide: METRICS_LISTENER, useValue: metrics }, MetricsListener] : [];
    return {
      module: HealthModule,
      imports,
      controllers: metrics === undefined ? [HealthController, MetricsController] : [HealthController],
      providers: [Readiness, { provide: HEALTH_CHECKS, useFactory: checks, inject }, ...listener],
    };
  }
}
