import { loadAllYaml, type KubernetesObject } from '@kubernetes/client-node';
import { run } from '@attune/embedded';
import { ensureTools, toolPath } from './tools';

/** An object as a manifest has it; whatever stands beside its head is its kind's own. */
export type Manifest = KubernetesObject & Record<string, unknown>;

/** What `kustomize build` writes of a folder: what `kubectl apply -k` would send. */
export async function buildKustomization(directory: string): Promise<string> {
  await ensureTools(['kustomize']);
  return run(toolPath('kustomize'), ['build', directory]);
}

/** The objects of that, in the order in which they can be applied. */
export async function renderKustomization(directory: string): Promise<Manifest[]> {
  const output = await buildKustomization(directory);
  return (loadAllYaml(output) as (Manifest | null)[]).filter((object) => object !== null);
}
