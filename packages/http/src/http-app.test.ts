import { Controller, Get, Module, Post } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { contract } from '@attune/contracts';
import { AppError, type ApiKeyId, type OrganizationId } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { TsRestHandler, tsRestHandler } from '@ts-rest/nest';
import { createHttpApp } from './http-app';
import type { Principal } from './principal';
import { PublicRoute } from './public-route';
import { NoRequestLimits, RequestLimiter } from './request-limiter';
import { RouteCheck } from './route-check';
import { Authenticator, ScopeGuard } from './scope.guard';
import { tsRestModule } from './ts-rest';

const principal: Principal = {
  organizationId: 'o' as OrganizationId,
  keyId: 'k' as ApiKeyId,
  scopes: ['custom_models:read'],
};

class OneKey extends Authenticator {
  authenticate(bearer: string): Promise<Principal> {
    if (bearer !== 'good') throw new AppError('INVALID_API_KEY', 'The API key is not valid');
    return Promise.resolve(principal);
  }
}

@Controller()
class Guarded {
  @TsRestHandler(contract.customModels.create)
  create() {
    return tsRestHandler(contract.customModels.create, () => Promise.reject(new Error('reached')));
  }

  @TsRestHandler(contract.customModels.list)
  list() {
    return tsRestHandler(contract.customModels.list, () =>
      Promise.resolve({ status: 200 as const, body: { count: 0, total_results: 0, result: [] } }),
    );
  }
}

@PublicRoute()
@Controller()
class Open {
  @Post('echo')
  echo(): string {
    return 'ok';
  }

  @Get('crash')
  crash(): never {
    throw new Error('password of the database is 123');
  }
}

@Controller()
class Forgotten {
  @Get('forgotten')
  forgotten(): string {
    return 'nobody guards this';
  }
}

const guard = [
  { provide: Authenticator, useClass: OneKey },
  { provide: RequestLimiter, useClass: NoRequestLimits },
  { provide: APP_GUARD, useClass: ScopeGuard },
  RouteCheck,
];

@Module({ imports: [tsRestModule, DiscoveryModule], controllers: [Guarded, Open], providers: guard })
class GoodModule {}

@Module({ imports: [tsRestModule, DiscoveryModule], controllers: [Forgotten], providers: guard })
class ForgetfulModule {}

const logger = createLogger('test', 'silent');

describe('an HTTP service of the house', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await createHttpApp(GoodModule, { logger });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterAll(() => app.close());

  const send = (method: 'GET' | 'POST', url: string, options: { key?: string; body?: string; type?: string } = {}) =>
    app.inject({
      method,
      url,
      headers: {
        ...(options.key === undefined ? {} : { authorization: options.key }),
        ...(options.body === undefined ? {} : { 'content-type': options.type ?? 'application/json' }),
      },
      ...(options.body === undefined ? {} : { payload: options.body }),
    });

  it.each([
    ['an unknown route', 'GET', '/nowhere', {}, 404, 'NOT_FOUND'],
    ['broken JSON', 'POST', '/echo', { body: '{"a":' }, 400, 'VALIDATION_ERROR'],
    ['a body over the limit', 'POST', '/echo', { body: `"${'x'.repeat(1 << 21)}"` }, 413, 'PAYLOAD_TOO_LARGE'],
    ['a content type nobody reads', 'POST', '/echo', { body: 'x', type: 'text/csv' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['no key', 'GET', '/api/v3/custom_models', {}, 401, 'MISSING_API_KEY'],
    ['a header that is no bearer', 'GET', '/api/v3/custom_models', { key: 'Basic x' }, 401, 'INVALID_API_KEY'],
    ['a bad key', 'GET', '/api/v3/custom_models', { key: 'Bearer bad' }, 401, 'INVALID_API_KEY'],
    ['a missing scope', 'POST', '/api/v3/custom_models', { key: 'Bearer good', body: '{}' }, 403, 'INSUFFICIENT_SCOPE'],
    ['a bad query', 'GET', '/api/v3/custom_models?page=0', { key: 'Bearer good' }, 400, 'VALIDATION_ERROR'],
  ] as const)('answers %s with the one error body', async (_, method, url, options, status, code) => {
    const answer = await send(method, url, options);
    expect(answer.statusCode).toBe(status);
    const body = answer.json<Record<string, unknown>>();
    expect(Object.keys(body).sort()).toEqual(['details', 'error', 'error_code', 'message']);
    expect(body['error_code']).toBe(code);
    expect(answer.headers['x-request-id']).toBeTruthy();
  });

  it('says which field of a query is wrong, and why', async () => {
    const answer = await send('GET', '/api/v3/custom_models?per_page=9999', { key: 'Bearer good' });
    expect(answer.json<{ details: object }>().details).toHaveProperty('per_page');
  });

  it('never sends the text of an unexpected error', async () => {
    const answer = await send('GET', '/crash');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('123');
  });

  it('lets a key with the scope through', async () => {
    expect((await send('GET', '/api/v3/custom_models', { key: 'Bearer good' })).statusCode).toBe(200);
  });

  it('does not boot with a route that carries no metadata and is not public', async () => {
    const forgetful = await createHttpApp(ForgetfulModule, { logger });
    await expect(forgetful.init()).rejects.toThrow('Forgotten.forgotten');
    await forgetful.close();
  });
});
