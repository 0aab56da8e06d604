import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { temporaryDirectory } from '@attune/testing';
import { buildKustomization } from '@attune/testing-cluster';
import { digest, releaseWithStandIn } from './test-support/release';

const overlays = join(__dirname, '..', '..', '..', 'k8s', 'overlays');

// In this project because it needs kustomize.
describe('the component that release.sh leaves', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await temporaryDirectory('pinned');
    await releaseWithStandIn(directory);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(readdirSync(overlays))('pins every image of the overlay %s, that of runs with them', async (overlay) => {
    const mine = join(directory, overlay);
    mkdirSync(mine);
    const resources = [relative(mine, join(overlays, overlay))];
    writeFileSync(join(mine, 'kustomization.yaml'), JSON.stringify({ resources, components: ['../out'] }));
    const named = (await buildKustomization(mine)).match(/ghcr\.io\/attune-asr\/\S+/g) ?? [];
    expect(named.some((image) => image.includes('/runner-'))).toBe(true);
    expect(named.filter((image) => !image.endsWith(`@${digest}`))).toEqual([]);
  });
});
