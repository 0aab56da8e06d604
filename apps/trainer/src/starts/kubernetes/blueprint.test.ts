import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BLUEPRINT, NAMESPACE } from '../../test-support/kubernetes/cluster-trainer';
import { Blueprint, type BlueprintValues } from './blueprint';

const values: BlueprintValues = {
  runId: '0195d8a0-0000-7000-8000-000000000001',
  start: '3',
  organizationId: '0195d8a0-0000-7000-8000-000000000002',
  priorityClass: 'attune-train-gold',
  pool: 'gpu-spot',
  gpuResource: 'nvidia.com/mig-3g.40gb',
  gpuCount: '1',
  maxSeconds: '7200',
  trainerUrl: 'http://trainer.attune.svc:8083',
  image: 'ghcr.io/attune-asr/runner-cuda@sha256:abc',
};

describe('the blueprint of Jobs', () => {
  it('becomes a start’s Job, with numbers where numbers belong', () => {
    const job = Blueprint.parse(BLUEPRINT, NAMESPACE).fill(values);
    expect(job.metadata?.name).toBe(`run-${values.runId}-3`);
    expect(job.metadata?.labels?.['attune.dev/start']).toBe('3');
    expect(job.spec?.activeDeadlineSeconds).toBe(7200);
    const pod = job.spec?.template;
    expect(pod?.metadata?.labels).toEqual(job.metadata?.labels);
    expect(pod?.spec).toMatchObject({
      priorityClassName: 'attune-train-gold',
      nodeSelector: { 'attune.dev/pool': 'gpu-spot' },
    });
    expect(pod?.spec?.containers[0]).toMatchObject({
      image: values.image,
      resources: { limits: { 'nvidia.com/mig-3g.40gb': 1 } },
    });
  });

  it.each([
    ['unknown ${color}', (text: string) => `${text}# nothing\n  color: '\${color}'\n`],
    ['${pool} missing', (text: string) => text.replace('${pool}', 'gpu')],
    ['backoffLimit', (text: string) => text.replace('backoffLimit: 0', 'backoffLimit: 3')],
    ['restartPolicy', (text: string) => text.replace('restartPolicy: Never', 'restartPolicy: OnFailure')],
    ['containers.0.name', (text: string) => text.replace('name: runner', 'name: main')],
    ['metadata.name', (text: string) => text.replace('name: run-${runId}-${start}', 'name: r-${runId}-${start}')],
    ['metadata.namespace', (text: string) => text.replace('metadata:\n', 'metadata:\n  namespace: elsewhere\n')],
    ['spec.template.metadata.labels', (text: string) => text.replace('labels: *labels', 'labels: {}')],
    ['not right', (text: string) => `${text}\n]`],
  ])('is refused before the first run, saying %s', (problem, spoil) => {
    expect(() => Blueprint.parse(spoil(BLUEPRINT), NAMESPACE)).toThrow(problem);
  });

  it('may speak of placeholders in its comments', () => {
    expect(() => Blueprint.parse(`# only the trainer fills in \${..}\n${BLUEPRINT}`, NAMESPACE)).not.toThrow();
  });

  it.each(['a b', "x'", 'x: y', '', 'x\n', '${pool}', '-x', '#'])(
    'takes no value that YAML could read as more: %j',
    (image) => {
      expect(() => Blueprint.parse(BLUEPRINT, NAMESPACE).fill({ ...values, image })).toThrow('image may not be');
    },
  );

  it('is what the platform ships', () => {
    const shipped = join(__dirname, '../../../../../k8s/base/training/job.yaml');
    expect(() => Blueprint.parse(readFileSync(shipped, 'utf8'), 'attune-training')).not.toThrow();
  });
});
