import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adminContract } from './admin.contract';
import { contract } from './contract';
import { renderAdminOpenApi, renderOpenApi } from './openapi';
import { isAdminMetadata, isRouteMetadata } from './route-metadata';

describe('the public contract', () => {
  it.each([
    ['openapi.json', renderOpenApi],
    ['openapi-admin.json', renderAdminOpenApi],
  ])('is committed as %s without drift (run `pnpm run generate` after a change)', (name, render) => {
    const committed: unknown = JSON.parse(readFileSync(join(__dirname, '..', name), 'utf8'));
    expect(JSON.parse(JSON.stringify(render()))).toEqual(committed);
  });

  it('gives every route a scope, a cost class and its idempotence', () => {
    for (const router of Object.values(contract))
      for (const route of Object.values(router as Record<string, { metadata: unknown }>))
        expect(isRouteMetadata(route.metadata)).toBe(true);
  });

  it('has of POSTs and PUTs only these that are done again when their Idempotency-Key was lost in a crash, without harm', () => {
    const repeatable = [contract, adminContract].flatMap((routers) =>
      Object.entries(routers).flatMap(([router, routes]) =>
        Object.entries(routes as Record<string, { method: string; metadata: { idempotence: string } }>)
          .filter(([, { method }]) => method === 'POST' || method === 'PUT')
          .flatMap(([name, { metadata }]) => (metadata.idempotence === 'natural' ? [`${router}.${name}`] : [])),
      ),
    );
    expect(repeatable).toEqual(['costs.estimate', 'stt.transcribe', 'keys.revoke']);
  });

  it.each([
    ['openapi.json', renderOpenApi],
    ['openapi-admin.json', renderAdminOpenApi],
  ])('says in %s of every POST and PUT, and of nothing else, that it takes an Idempotency-Key', (_, render) => {
    const paths = render().paths as Record<string, Record<string, { parameters?: { $ref?: string }[] }>>;
    for (const operations of Object.values(paths))
      for (const [method, { parameters = [] }] of Object.entries(operations))
        expect([method, parameters.some(({ $ref }) => $ref === '#/components/parameters/IdempotencyKey')]).toEqual([
          method,
          method === 'post' || method === 'put',
        ]);
  });

  it('gives every route of the operators the mark that only their key opens, and no scope of a customer', () => {
    for (const router of Object.values(adminContract))
      for (const route of Object.values(router as Record<string, { path: string; metadata: unknown }>)) {
        expect(route.path).toMatch(/^\/admin\/v1\//);
        expect([isAdminMetadata(route.metadata), isRouteMetadata(route.metadata)]).toEqual([true, false]);
      }
  });
});
