import { loadYaml } from '@kubernetes/client-node';
import { entriesOf, ofKind, type Manifest } from './manifest';

const example: Record<string, string> = {
  runId: '0197f0c2-7a33-7c52-9d6e-0123456789ab',
  start: '1',
  organizationId: '0197f0c2-0000-7c52-9d6e-0123456789ab',
  priorityClass: 'attune-train-gold',
  pool: 'gpu-spot',
  gpuResource: 'nvidia.com/gpu',
  gpuCount: '1',
  maxSeconds: '86400',
  trainerUrl: 'http://trainer.attune.svc.cluster.local:8083',
  image: 'ghcr.io/attune-asr/runner-cuda:0.1.0',
};

/** The placeholders that the trainer fills in. */
export const placeholders = Object.keys(example).sort();

/** The text of the blueprint of runs that is among these manifests. */
export function blueprintOf(manifests: readonly Manifest[]): string {
  const map = ofKind(manifests, 'ConfigMap').find(({ metadata }) => metadata.name.startsWith('training-job-blueprint'));
  const text = map === undefined ? undefined : entriesOf(map)['job.yaml'];
  if (text === undefined) throw new Error('there is no blueprint of runs');
  return text;
}

/** A Job as the trainer would make it from the blueprint. */
export function exampleRun(blueprint: string, change: Partial<typeof example> = {}): Manifest {
  const values: Record<string, string | undefined> = { ...example, ...change };
  return loadYaml<Manifest>(
    blueprint.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? `missing-${name}`),
  );
}
