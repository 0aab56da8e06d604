import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from '@attune/embedded';
import { toolPath } from '@attune/testing-cluster';
import { loadAllYaml, type KubernetesObject } from '@kubernetes/client-node';

const K8S = join(__dirname, '..', '..', '..', '..', 'k8s');

/** What `kubectl apply -k` would apply of an overlay with more components than it has itself. */
export async function render(overlay: string, components: readonly string[] = []): Promise<KubernetesObject[]> {
  const directory = await mkdtemp(join(tmpdir(), 'attune-kustomize-'));
  try {
    const to = (...parts: string[]): string => relative(directory, join(K8S, ...parts));
    const kustomization = {
      resources: [to('overlays', overlay)],
      components: components.map((name) => to('components', name)),
    };
    await writeFile(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization));
    return loadAllYaml(await run(toolPath('kustomize'), ['build', directory])) as KubernetesObject[];
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The one object of a kind and name; throws when it is not there. */
export function find<T extends KubernetesObject>(objects: readonly KubernetesObject[], kind: string, name: string): T {
  const found = objects.find((object) => object.kind === kind && object.metadata?.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found as T;
}
