import { BatchV1Api, CoreV1Api } from '@kubernetes/client-node';
import { newId, type OrganizationId, type RunId } from '@attune/kernel';
import { register } from '@attune/observability';
import { eventually } from '@attune/testing';
import { startCluster, type NodeAgent, type TestCluster } from '@attune/testing-cluster';
import {
  BLUEPRINT,
  IMAGE,
  machine,
  NAMESPACE,
  openExecutor,
  prepare,
  readiness,
  settings,
} from '../../test-support/kubernetes/cluster-trainer';
import type { StartOrder, StartStatus } from '../executor';
import { Blueprint, jobName } from './blueprint';
import { ClusterApi } from './cluster-api';
import type { KubernetesExecutor } from './kubernetes-executor';

let cluster: TestCluster;
let executor: KubernetesExecutor;
let node: NodeAgent;

beforeAll(async () => {
  cluster = await startCluster();
  await prepare(cluster);
  node = await machine(cluster, 'spot');
  executor = openExecutor(cluster);
  await readiness(executor, true);
});
afterAll(async () => {
  await executor.shutdown();
  await cluster.stop();
});
afterEach(async () => {
  await cluster.kubectl(['delete', 'jobs', '--all', '-n', NAMESPACE, '--cascade=background']);
  await cluster.kubectl(['delete', 'pods', '--all', '-n', NAMESPACE, '--grace-period=0', '--force']);
});

const PATIENCE = { timeoutMs: 60_000 };
const BUSY = 'All machines of its kind are at work. It waits for one to become free or to be started.';

const anOrder = (pool = 'spot'): StartOrder => ({
  runId: newId<RunId>(),
  start: 1,
  organizationId: newId<OrganizationId>(),
  accelerator: null,
  placement: { pool, priorityClass: 'gold' },
  token: 'secret-of-the-start',
});

const becomes = (order: StartOrder, status: object, one = executor): Promise<StartStatus> =>
  eventually(async () => {
    const now = await one.observe({ ...order, orderedMsAgo: 60_000 });
    expect(now).toMatchObject(status);
    return now;
  }, PATIENCE);

const jobsOf = async (order: StartOrder): Promise<number> => {
  const labelSelector = `attune.dev/run=${order.runId}`;
  return (await cluster.client(BatchV1Api).listNamespacedJob({ namespace: NAMESPACE, labelSelector })).items.length;
};

const podOf = async (order: StartOrder) => {
  const labelSelector = `attune.dev/run=${order.runId}`;
  return (await cluster.client(CoreV1Api).listNamespacedPod({ namespace: NAMESPACE, labelSelector })).items[0];
};

describe('a start in a cluster', () => {
  it('is one Job, with a Secret that goes with it, however often it is asked for', async () => {
    const order = anOrder();
    await executor.start(order);
    await executor.start(order);
    expect(await jobsOf(order)).toBe(1);
    const core = cluster.client(CoreV1Api);
    const place = { namespace: NAMESPACE, name: jobName(order) };
    const secret = await core.readNamespacedSecret(place);
    expect(Buffer.from(secret.data?.token ?? '', 'base64').toString()).toBe(order.token);
    expect(secret.metadata?.ownerReferences).toMatchObject([{ kind: 'Job', name: jobName(order) }]);
    await becomes(order, { kind: 'running', ending: null });
    expect(await executor.list()).toEqual([{ runId: order.runId, start: 1 }]);
    await executor.stop(order);
    await becomes(order, { kind: 'unknown' });
    await eventually(() => expect(core.readNamespacedSecret(place)).rejects.toMatchObject({ code: 404 }), PATIENCE);
  });

  it('is refused where its name is another’s', async () => {
    const order = anOrder();
    const job = (name: string) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name, namespace: NAMESPACE },
      spec: {
        suspend: true,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'other', image: IMAGE }] } },
      },
    });
    await cluster.apply(job(jobName(order)));
    await expect(executor.start(order)).rejects.toThrow("is another's");
  });

  it('waits for a machine, saying why, and runs once there is one', async () => {
    const order = anOrder('lasting');
    await executor.start(order);
    await becomes(order, {
      kind: 'waiting',
      reason: 'No machine of its kind is running. It waits for one to be started.',
    });
    const machineForIt = await machine(cluster, 'lasting');
    await becomes(order, { kind: 'running' });
    await machineForIt.remove();
  });

  it('is given up where no spot machine comes, if there are machines of another kind, and waits on for those', async () => {
    const impatient = openExecutor(cluster, {
      sharing: { ...settings.sharing, pools: settings.sharing.pools.map((pool) => ({ ...pool, slots: 5 })) },
      timings: { ...settings.timings, spotMissingForMs: 2000 },
    });
    await readiness(impatient, true);
    const [holder, spot, lasting] = [anOrder('spot'), anOrder('spot'), anOrder('lasting')];
    await impatient.start(holder);
    await becomes(holder, { kind: 'running' }, impatient);
    for (const order of [spot, lasting]) await impatient.start(order);
    await becomes(spot, { kind: 'waiting' }, impatient);
    const reason = 'No machine of the cheaper kind was to be had.';
    await becomes(spot, { kind: 'waiting', givenUp: { kind: 'unplaced', reason } }, impatient);
    await becomes(lasting, { kind: 'waiting', givenUp: null }, impatient);
    await impatient.shutdown();
  });

  it('is given up by nobody who does not see the cluster: it may be at work by now', async () => {
    const impatient = openExecutor(cluster, { timings: { ...settings.timings, spotMissingForMs: 6000 } });
    await readiness(impatient, true);
    const [holder, order] = [anOrder('spot'), anOrder('spot')];
    await impatient.start(holder);
    await becomes(holder, { kind: 'running' }, impatient);
    await impatient.start(order);
    await becomes(order, { kind: 'waiting', givenUp: null, reason: BUSY }, impatient);
    await cluster.crash('kube-apiserver');
    await readiness(impatient, false);
    await new Promise((resolve) => setTimeout(resolve, 6500));
    const blind = await impatient.observe({ ...order, orderedMsAgo: 60_000 });
    await cluster.revive();
    await readiness(impatient, true);
    await becomes(order, { kind: 'waiting', givenUp: { kind: 'unplaced' } }, impatient);
    await impatient.shutdown();
    expect(blind).toEqual({ kind: 'waiting', reason: BUSY, givenUp: null });
  });

  it('holds its machine until its pod has ended, though its Job is gone', async () => {
    const stubborn = await machine(cluster, 'lasting', 'trap "" TERM; sleep 600');
    const order = anOrder('lasting');
    await executor.start(order);
    await becomes(order, { kind: 'running' });
    const name = (await podOf(order))?.metadata?.name ?? '';
    await executor.stop(order);
    await eventually(async () => expect(await jobsOf(order)).toBe(0), PATIENCE);
    const candidate = { ...order, plan: 'gold' as const, preemptions: 2, lastPreemptedMsAgo: null };
    await eventually(async () => expect((await podOf(order))?.metadata?.deletionTimestamp).toBeDefined(), PATIENCE);
    expect(executor.place(candidate, [])).toBeNull();
    await cluster.client(CoreV1Api).deleteNamespacedPod({ namespace: NAMESPACE, name, gracePeriodSeconds: 1 });
    await eventually(() => expect(executor.place(candidate, [])).toMatchObject({ pool: 'lasting' }), PATIENCE);
    await stubborn.remove();
  });

  it('ends with what its program says, with words of its own where it ran out of memory or has no image', async () => {
    const order = anOrder();
    await executor.start(order);
    await becomes(order, { kind: 'running' });
    node.outOfMemory((await podOf(order))?.metadata?.name ?? '');
    await becomes(order, {
      kind: 'ended',
      end: { kind: 'failed', fault: 'engine', message: 'The training program ran out of memory.' },
    });
    node.absentImages.add(IMAGE);
    const second = anOrder();
    await executor.start(second);
    await becomes(second, {
      kind: 'waiting',
      givenUp: { kind: 'failed', fault: 'platform', message: 'The training program could not be fetched.' },
    });
    node.absentImages.delete(IMAGE);
  });

  it('is interrupted when whoever ordered it was gone between its Job and its Secret', async () => {
    const order = anOrder();
    const job = Blueprint.parse(BLUEPRINT, NAMESPACE).fill({
      runId: order.runId,
      start: '1',
      organizationId: order.organizationId,
      priorityClass: 'gold',
      pool: 'spot',
      gpuResource: 'example.com/gpu',
      gpuCount: '1',
      maxSeconds: '3600',
      trainerUrl: 'http://trainer:8083',
      image: IMAGE,
    });
    await new ClusterApi(cluster.kubeConfig(), NAMESPACE).createJob(job);
    await becomes(order, { kind: 'waiting' });
    await becomes(order, { kind: 'waiting', givenUp: { kind: 'interrupted' } });
  });

  it('is preempted by one of a higher class, and says so after a restart of the trainer too', async () => {
    const order = anOrder();
    await executor.start(order);
    await becomes(order, { kind: 'running', ending: null });
    const winner = { ...anOrder(), placement: { pool: 'spot', priorityClass: 'enterprise' } };
    await executor.start(winner);
    const lost = { kind: 'ended', end: { kind: 'preempted' } };
    await becomes(order, { ...lost, end: { ...lost.end, reason: 'A run of higher priority took its machine.' } });
    await becomes(winner, { kind: 'running' });
    const next = openExecutor(cluster);
    await readiness(next, true);
    await becomes(order, lost, next);
    await next.shutdown();
  });

  it('is killed at once wherever it is, and confirmed though its machine is dead', async () => {
    const waiting = anOrder('lasting');
    await executor.start(waiting);
    await becomes(waiting, { kind: 'waiting' });
    const dying = await machine(cluster, 'lasting');
    await becomes(waiting, { kind: 'running' });
    await dying.crash();
    const began = Date.now();
    await executor.kill(waiting);
    await becomes(waiting, { kind: 'unknown' });
    expect(Date.now() - began).toBeLessThan(5000);
    const running = anOrder();
    await executor.start(running);
    await becomes(running, { kind: 'running' });
    await executor.kill(running);
    await becomes(running, { kind: 'unknown' });
    await eventually(async () => expect(await podOf(running)).toBeUndefined(), PATIENCE);
    await dying.remove();
  });

  it('is followed over a crash of the API server, and takes few calls in all', async () => {
    const calls = async (): Promise<number> => {
      const metric = await register.getSingleMetric('attune_executor_api_calls_total')?.get();
      return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0);
    };
    const before = await calls();
    const order = anOrder();
    await executor.start(order);
    await becomes(order, { kind: 'running' });
    await executor.stop(order);
    await becomes(order, { kind: 'unknown' });
    // Create, Secret, delete, and the look whether it is really gone; the listings of a minute are everybody's.
    expect((await calls()) - before).toBeLessThanOrEqual(15);
    const second = anOrder();
    await executor.start(second);
    await cluster.crash('kube-apiserver');
    await readiness(executor, false);
    await cluster.revive();
    await readiness(executor, true);
    await becomes(second, { kind: 'running' });
    await executor.kill(second);
    await becomes(second, { kind: 'unknown' });
  });
});
