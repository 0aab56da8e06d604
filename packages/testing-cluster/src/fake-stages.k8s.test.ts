import { setTimeout as delay } from 'node:timers/promises';
import { startCluster, type TestCluster } from './index';
import { aJob, createJob, deleteJob, gone, podOf } from './test-support/jobs';

describe('fake nodes whose pods run on', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ fakePodsRunOn: true });
    const resources = { cpu: '8', memory: '64Gi', pods: '10' };
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'fake', annotations: { 'kwok.x-k8s.io/node': 'fake' } },
      status: { allocatable: resources, capacity: resources },
    });
  });
  afterAll(() => cluster.stop());

  it('run a Job’s pod until the Job is deleted', async () => {
    await createJob(cluster, aJob('lasting', 'true'));
    const pod = await podOf(cluster, 'lasting', ({ status }) => expect(status?.phase).toBe('Running'));
    await delay(500);
    await podOf(cluster, 'lasting', ({ status }) => expect(status?.phase).toBe('Running'));
    await deleteJob(cluster, 'lasting');
    await gone(cluster, pod.metadata?.name ?? '');
  });
});
