import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { buildKustomization } from '@attune/testing-cluster';
import { loadAllYaml, type KubernetesObject } from '@kubernetes/client-node';
import type { DocumentedSecrets } from '../checks/references';
import type { Manifest } from './manifest';

const root = join(__dirname, '..', '..', '..', '..');
export const k8s = join(root, 'k8s');

/** The version that this checkout is. */
export const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;

/** Every folder of `k8s/<kind>` that can be rendered. */
export async function namesOf(kind: 'overlays' | 'components'): Promise<string[]> {
  const names = await readdir(join(k8s, kind));
  return names.filter((name) => existsSync(join(k8s, kind, name, 'kustomization.yaml'))).sort();
}

/** What `kubectl apply -k` would send for an overlay, with further components on top of it. */
export function renderText(overlay: string, components: readonly string[] = []): Promise<string> {
  if (components.length === 0) return buildKustomization(join(k8s, 'overlays', overlay));
  return buildAnew((path) => ({
    resources: [path('overlays', overlay)],
    components: components.map((name) => path('components', name)),
  }));
}

/** The objects of an overlay that stands on another and differs from it by what `own` says. */
export async function renderOwn(overlay: string, own: object): Promise<Manifest[]> {
  return parse(await buildAnew((path) => ({ ...own, resources: [path('overlays', overlay)] })));
}

async function buildAnew(make: (path: (kind: string, name: string) => string) => object): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'attune-overlay-'));
  try {
    const kustomization = make((kind, name) => relative(directory, join(k8s, kind, name)));
    await writeFile(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization));
    return await buildKustomization(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The text of an overlay's own kustomization. */
export function kustomizationOf(overlay: string): Promise<string> {
  return readFile(join(k8s, 'overlays', overlay, 'kustomization.yaml'), 'utf8');
}

export function parse(text: string): Manifest[] {
  return loadAllYaml(text) as Manifest[];
}

export async function render(overlay: string, components: readonly string[] = []): Promise<Manifest[]> {
  return parse(await renderText(overlay, components));
}

/** The Secrets that k8s/README.md asks for: rows `| secret | key | ...` of its table. */
export function documentedSecrets(): DocumentedSecrets {
  const rows = readFileSync(join(k8s, 'README.md'), 'utf8').matchAll(/^\| `(attune-[a-z]+)` +\| (`[^|]+`) +\|/gm);
  return new Map(
    [...rows].map(([, name = '', keys = '']) => [
      name,
      new Set([...keys.matchAll(/`([^`]+)`/g)].map(([, key = '']) => key)),
    ]),
  );
}

/** The one object of a kind and name; throws when it is not there. */
export function find<T extends KubernetesObject>(objects: readonly KubernetesObject[], kind: string, name: string): T {
  const found = objects.find((object) => object.kind === kind && object.metadata?.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found as T;
}
