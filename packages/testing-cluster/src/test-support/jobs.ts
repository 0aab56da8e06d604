import { BatchV1Api, CoreV1Api, type V1Job, type V1Pod, type V1PodSpec } from '@kubernetes/client-node';
import { eventually } from '@attune/testing';
import { type TestCluster } from '../cluster';

/** A Job of one pod that is never tried again. */
export function aJob(name: string, script: string, spec: Partial<V1PodSpec> = {}): V1Job {
  const main = { name: 'main', image: 'any', command: ['sh', '-c', script] };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'default' },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: 'Never',
          ...spec,
          containers: [Object.assign(main, spec.containers?.[0])],
        },
      },
    },
  };
}

/** The only pod of a Job, once it satisfies `check`. */
export function podOf(
  cluster: TestCluster,
  job: string,
  check: (pod: V1Pod) => void = () => undefined,
): Promise<V1Pod> {
  const core = cluster.client(CoreV1Api);
  return eventually(
    async () => {
      const { items } = await core.listNamespacedPod({ namespace: 'default', labelSelector: `job-name=${job}` });
      const [pod] = items;
      if (pod === undefined) throw new Error(`${job} has no pod`);
      check(pod);
      return pod;
    },
    { timeoutMs: 60_000, everyMs: 100 },
  );
}

export async function createJob(cluster: TestCluster, job: V1Job): Promise<void> {
  await cluster.client(BatchV1Api).createNamespacedJob({ namespace: 'default', body: job });
}

/** Deletes a Job and its pod, which gets its grace period. */
export async function deleteJob(cluster: TestCluster, name: string): Promise<void> {
  await cluster.client(BatchV1Api).deleteNamespacedJob({ namespace: 'default', name, propagationPolicy: 'Background' });
}

export const gone = (cluster: TestCluster, pod: string): Promise<void> =>
  eventually(
    async () => {
      const { items } = await cluster.client(CoreV1Api).listNamespacedPod({ namespace: 'default' });
      if (items.some(({ metadata }) => metadata?.name === pod)) throw new Error(`${pod} is still there`);
    },
    { timeoutMs: 60_000, everyMs: 100 },
  );
