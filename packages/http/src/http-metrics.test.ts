import { Controller, Get, Module, Param, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppError } from '@attune/kernel';
import { createLogger, register } from '@attune/observability';
import { HealthModule } from './health';
import { createHttpApp } from './http-app';
import { reportRefused } from './request-limits';

@Controller()
class Things {
  @Get('things/:id')
  one(@Param('id') id: string): string {
    return id;
  }

  @Post('refused')
  refused(): never {
    reportRefused({ policy: 'uploads', windowSeconds: 3600, limit: 1, remaining: 0, resetAtMs: null, resetInMs: null });
    throw new AppError('RATE_LIMIT_EXCEEDED', 'no more today');
  }
}

@Module({ imports: [HealthModule.forRoot({ checks: () => [] })], controllers: [Things] })
class ThingsModule {}

/** The lines of the service's metrics that begin so. */
async function linesOf(start: string): Promise<string[]> {
  return (await register.metrics()).split('\n').filter((line) => line.startsWith(start));
}

describe('the metrics of a service', () => {
  let app: NestFastifyApplication;

  beforeAll(async () => {
    app = await createHttpApp(ThingsModule, { logger: createLogger('test', 'silent') });
    await app.init();
  });
  afterAll(() => app.close());

  it('count answers by route and status, whatever the address, and strangers’ addresses as one', async () => {
    for (const id of ['1', '2', '3']) await app.inject({ url: `/things/${id}` });
    for (const path of ['/wp-admin', '/.env']) await app.inject({ url: path });
    expect(await linesOf('attune_http_request_seconds_count')).toEqual([
      'attune_http_request_seconds_count{method="GET",route="/things/:id",status="200"} 3',
      'attune_http_request_seconds_count{method="GET",route="unmatched",status="404"} 2',
    ]);
  });

  it('do not count probes and scrapes', async () => {
    const before = await linesOf('attune_http_request_seconds_count');
    for (const url of ['/healthz', '/healthz/live', '/metrics']) {
      expect((await app.inject({ url })).statusCode).toBe(200);
    }
    expect(await linesOf('attune_http_request_seconds_count')).toEqual(before);
  });

  it('name the policy of a limit that refused, and the code of the answer', async () => {
    expect((await app.inject({ method: 'POST', url: '/refused' })).statusCode).toBe(429);
    expect(await linesOf('attune_limit_denials_total')).toEqual(['attune_limit_denials_total{policy="uploads"} 1']);
    expect(await linesOf('attune_http_errors_total{code="RATE')).toEqual([
      'attune_http_errors_total{code="RATE_LIMIT_EXCEEDED"} 1',
    ]);
  });
});
