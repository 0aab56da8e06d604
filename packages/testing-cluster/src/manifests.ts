import { loadAllYaml, type KubernetesObject } from '@kubernetes/client-node';
import { run } from '@attune/embedded';
import { ensureTools, toolPath } from './tools';

/** An object as a manifest has it; whatever stands beside its head is its kind's own. */
export type Manifest = KubernetesObject & Record<string, unknown>;

/** The objects that `kustomize build` makes of a folder, in the order in which they can be applied. */
export async function renderKustomization(directory: string): Promise<Manifest[]> {
  await ensureTools(['kustomize']);
  const output = await run(toolPath('kustomize'), ['build', directory]);
  return (loadAllYaml(output) as (Manifest | null)[]).filter((object) => object !== null);
}
