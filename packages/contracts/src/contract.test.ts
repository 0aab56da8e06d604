import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contract } from './contract';
import { renderOpenApi } from './openapi';
import { isRouteMetadata } from './route-metadata';

describe('the public contract', () => {
  it('is committed as OpenAPI without drift (run `pnpm run generate` after a change)', () => {
    const committed: unknown = JSON.parse(readFileSync(join(__dirname, '..', 'openapi.json'), 'utf8'));
    expect(JSON.parse(JSON.stringify(renderOpenApi()))).toEqual(committed);
  });

  it('gives every route a scope, a cost class and its idempotence', () => {
    for (const router of Object.values(contract))
      for (const route of Object.values(router as Record<string, { metadata: unknown }>))
        expect(isRouteMetadata(route.metadata)).toBe(true);
  });
});
