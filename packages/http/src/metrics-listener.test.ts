import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Module } from '@nestjs/common';
import { freePort } from '@attune/embedded';
import { createLogger } from '@attune/observability';
import { HealthModule } from './health';
import { createHttpApp } from './http-app';

describe('an internal listener for metrics', () => {
  let app: NestFastifyApplication;
  let internal: string;
  let broken = false;

  beforeAll(async () => {
    const port = await freePort();
    internal = `http://127.0.0.1:${String(port)}`;
    const checks = () => [
      { name: 'disk', check: () => (broken ? Promise.reject(new Error('full')) : Promise.resolve()) },
    ];
    const health = HealthModule.forRoot({ checks, metrics: { host: '127.0.0.1', port } });
    @Module({ imports: [health] })
    class Service {}
    app = await createHttpApp(Service, { logger: createLogger('test', 'silent') });
    await app.init();
  });
  afterAll(() => app.close());

  it('serves what the public one does not', async () => {
    const answer = await fetch(`${internal}/metrics`);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    expect(await answer.text()).toContain('# TYPE attune_http_request_seconds histogram');
    expect((await app.inject({ url: '/metrics' })).statusCode).toBe(404);
  });

  it('says how the service is, as the public one does', async () => {
    const both = async (path: string): Promise<number[]> => [
      (await fetch(internal + path)).status,
      (await app.inject({ url: path })).statusCode,
    ];
    expect(await both('/healthz/ready')).toEqual([200, 200]);
    broken = true;
    expect(await both('/healthz/ready')).toEqual([503, 503]);
    expect(await (await fetch(`${internal}/healthz`)).json()).toEqual({
      status: 'unavailable',
      checks: { disk: 'full' },
    });
    expect(await both('/healthz/live')).toEqual([200, 200]);
    broken = false;
  });

  it('answers nothing else, and reads only', async () => {
    expect((await fetch(`${internal}/api/v3/custom_models`)).status).toBe(404);
    expect((await fetch(`${internal}/metrics`, { method: 'POST' })).status).toBe(404);
  });

  it('is gone when the service is', async () => {
    await app.close();
    await expect(fetch(`${internal}/metrics`)).rejects.toThrow();
  });
});
