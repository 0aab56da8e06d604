import { Blueprint, type BlueprintValues } from '../../../../apps/trainer/src/starts/kubernetes/blueprint';
import { entriesOf, ofKind, type Manifest } from './manifest';
import { version } from './render';

const example: BlueprintValues = {
  runId: '0197f0c2-7a33-7c52-9d6e-0123456789ab',
  start: '1',
  organizationId: '0197f0c2-0000-7c52-9d6e-0123456789ab',
  priorityClass: 'attune-train-gold',
  pool: 'gpu-spot',
  gpuResource: 'nvidia.com/gpu',
  gpuCount: '1',
  maxSeconds: '86400',
  trainerUrl: 'http://trainer.attune.svc.cluster.local:8083',
  image: `ghcr.io/attune-asr/runner-cuda:${version}`,
};

/** The text of the blueprint of runs that is among these manifests. */
export function blueprintOf(manifests: readonly Manifest[]): string {
  const map = ofKind(manifests, 'ConfigMap').find(({ metadata }) => metadata.name.startsWith('training-job-blueprint'));
  const text = map === undefined ? undefined : entriesOf(map)['job.yaml'];
  if (text === undefined) throw new Error('there is no blueprint of runs');
  return text;
}

/** A Job as the trainer makes it of the blueprint among these manifests. Throws where the trainer would not start with it. */
export function exampleRun(manifests: readonly Manifest[]): Manifest {
  return Blueprint.parse(blueprintOf(manifests), 'attune-training').fill(example) as Manifest;
}
