import { BatchV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import type { Database } from '@attune/database';
import { newId, type RunId } from '@attune/kernel';
import { createTestDatabase, eventually, type TestDatabase } from '@attune/testing';
import { startCluster, type TestCluster } from '@attune/testing-cluster';
import { migrations } from '../../migrations/all';
import {
  ClusterTrainer,
  machine,
  NAMESPACE,
  openExecutor,
  prepare,
  readiness,
  settings,
} from '../../test-support/kubernetes/cluster-trainer';

let cluster: TestCluster;
let testDatabase: TestDatabase;
let database: Database;
let trainers: ClusterTrainer[] = [];

beforeAll(async () => {
  [cluster, testDatabase] = await Promise.all([startCluster(), createTestDatabase({ schema: 'training', migrations })]);
  database = await testDatabase.open({ poolSize: 12 });
  await prepare(cluster);
});
afterAll(async () => {
  await testDatabase.drop();
  await cluster.stop();
});
afterEach(async () => {
  await Promise.all(trainers.splice(0).map((trainer) => trainer.stop()));
  await database.query('system', 'DELETE FROM training_run');
  await cluster.kubectl(['delete', 'jobs', '--all', '-n', NAMESPACE, '--cascade=background']);
  await cluster.kubectl(['delete', 'pods', '--all', '-n', NAMESPACE, '--grace-period=0', '--force']);
});

function aTrainer(changes: Partial<typeof settings> = {}): ClusterTrainer {
  const trainer = new ClusterTrainer(database, openExecutor(cluster, changes));
  trainers.push(trainer);
  return trainer;
}

const jobs = async (): Promise<string[]> => {
  const { items } = await cluster.client(BatchV1Api).listNamespacedJob({ namespace: NAMESPACE });
  return items.map(({ metadata }) => metadata?.name ?? '').sort();
};
const becomeJobs = (names: readonly string[]): Promise<void> =>
  eventually(async () => expect(await jobs()).toEqual([...names].sort()), { timeoutMs: 60_000 });
const nameOf = (runId: RunId, start: number): string => `run-${runId}-${String(start)}`;

const onlyOne = { sharing: { ...settings.sharing, pools: settings.sharing.pools.slice(0, 1) } };

describe('runs that start in a cluster', () => {
  it('wait for a machine as provisioning, with the reason, and may claim only once their program runs', async () => {
    const trainer = aTrainer();
    const runId = await trainer.request();
    const waiting = await trainer.reaches(runId, { state: 'queued', stage: 'provisioning', pool: 'spot' });
    await trainer.reaches(runId, {
      stageDetail: 'No machine of its kind is running. It waits for one to be started.',
      hasClaimWindow: false,
    });
    expect(waiting.starts).toBe(1);
    const node = await machine(cluster, 'spot');
    await trainer.reaches(runId, { hasClaimWindow: true });
    await node.remove();
  });

  it('never are more than there are slots, of two trainers together; the next starts when one is free', async () => {
    const [one, other] = [aTrainer(onlyOne), aTrainer(onlyOne)];
    const runs = [await one.request(), await other.request(), await one.request()];
    await eventually(async () => expect(await jobs()).toHaveLength(1), { timeoutMs: 60_000 });
    const first = runs.find((run) => run);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await jobs()).toEqual([nameOf(first as RunId, 1)]);
    await one.cancel(first as RunId);
    await one.reaches(first as RunId, { state: 'cancelled' });
    await becomeJobs([nameOf(runs[1] as RunId, 1)]);
  });

  it('of a higher class take the machine of a lower one, whose run waits, is protected then, and goes on elsewhere after that', async () => {
    const node = await machine(cluster, 'spot');
    const trainer = aTrainer(onlyOne);
    const gold = await trainer.request('gold');
    await trainer.reaches(gold, { hasClaimWindow: true, priorityClass: 'gold' });
    const enterprise = await trainer.request('enterprise');
    await trainer.reaches(enterprise, { hasClaimWindow: true, priorityClass: 'enterprise' });
    const lost = await trainer.reaches(gold, { state: 'queued', host: null, preemptions: 1, failedAttempts: 0 });
    // Nothing had claimed it: there is no checkpoint to go on from.
    expect(lost.stageDetail).toBe('A run of higher priority took its machine. It waits for another one.');
    expect(await trainer.linesOf(gold)).toContain(lost.stageDetail);
    await trainer.cancel(enterprise);
    await trainer.reaches(gold, { hasClaimWindow: true, priorityClass: 'protected', starts: 2 });
    // Whoever comes now waits: the same run is not interrupted twice within the hour.
    const second = await trainer.request('enterprise');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await trainer.reaches(gold, { starts: 2, preemptions: 1, hasClaimWindow: true });
    await trainer.reaches(second, { host: null });
    await node.remove();
  });

  it('start again when their Job was deleted by hand, and it is no failed attempt', async () => {
    const node = await machine(cluster, 'spot');
    const trainer = aTrainer();
    const runId = await trainer.request();
    await trainer.reaches(runId, { hasClaimWindow: true });
    await cluster.kubectl(['delete', 'job', '-n', NAMESPACE, nameOf(runId, 1)]);
    await trainer.reaches(runId, { starts: 2, hasClaimWindow: true, failedAttempts: 0, preemptions: 0 });
    await becomeJobs([nameOf(runId, 2)]);
    await node.remove();
  });

  it('are made one with their Jobs when a trainer starts: rows without a Job start again, Jobs without a row go', async () => {
    const node = await machine(cluster, 'spot');
    const first = aTrainer();
    const [kept, gone] = [await first.request(), await first.request()];
    await first.reaches(kept, { hasClaimWindow: true });
    await first.reaches(gone, { stage: 'provisioning' });
    await first.stop();
    trainers = [];
    // Killed between the commit of a start and its Job; and a run that was erased meanwhile.
    const lost = await first.request();
    await database.query(
      'system',
      `UPDATE training_run SET host = $2, starts = 1, token_hash = 'x', pool = 'spot', ordered_at = now() WHERE id = $1`,
      [lost, first.executor.host],
    );
    await database.query('system', 'DELETE FROM training_run WHERE id = $1', [gone]);
    expect(await jobs()).toHaveLength(2);
    const next = aTrainer();
    await next.reaches(lost, { starts: 2, failedAttempts: 0, pool: 'lasting' });
    await becomeJobs([nameOf(kept, 1), nameOf(lost, 2)]);
    await next.reaches(kept, { starts: 1, hasClaimWindow: true });
    await node.remove();
  });

  it('are cancelled within five seconds in every state, and leave nothing', async () => {
    const node = await machine(cluster, 'spot');
    const trainer = aTrainer();
    const [running, provisioning, queued] = [await trainer.request(), await trainer.request(), await trainer.request()];
    await trainer.reaches(running, { hasClaimWindow: true });
    await trainer.reaches(provisioning, { stage: 'provisioning' });
    for (const runId of [queued, provisioning, running]) {
      const began = Date.now();
      await trainer.cancel(runId);
      await trainer.reaches(runId, { state: 'cancelled' });
      expect(Date.now() - began).toBeLessThan(5000);
    }
    await becomeJobs([]);
    const core = cluster.client(CoreV1Api);
    await eventually(
      async () => {
        expect((await core.listNamespacedPod({ namespace: NAMESPACE })).items).toEqual([]);
        expect((await core.listNamespacedSecret({ namespace: NAMESPACE })).items).toEqual([]);
      },
      { timeoutMs: 60_000 },
    );
    await node.remove();
  });

  it('go on while no trainer is there', async () => {
    const node = await machine(cluster, 'spot');
    const first = aTrainer();
    const runId = await first.request();
    await first.reaches(runId, { hasClaimWindow: true });
    await first.stop();
    trainers = [];
    expect(await jobs()).toEqual([nameOf(runId, 1)]);
    const next = aTrainer();
    await readiness(next.executor, true);
    await next.reaches(runId, { starts: 1, hasClaimWindow: true });
    await node.remove();
  });

  it('wait in the queue while a quota of the namespace has no room, and start once it has', async () => {
    const node = await machine(cluster, 'spot');
    const quota = (gpus: string) => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'gpus', namespace: NAMESPACE },
      spec: { hard: { 'requests.example.com/gpu': gpus } },
    });
    await cluster.apply(quota('0'));
    const trainer = aTrainer();
    await readiness(trainer.executor, true);
    const runId = await trainer.request('enterprise');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await trainer.reaches(runId, { host: null, starts: 0 });
    await cluster.apply(quota('1'));
    await trainer.reaches(runId, { hasClaimWindow: true });
    await cluster.kubectl(['delete', 'resourcequota', '-n', NAMESPACE, 'gpus']);
    await node.remove();
  });

  it('are told of by the trainers that see the cluster, whatever one thinks that does not', async () => {
    const seeing = aTrainer();
    const blind = new KubeConfig();
    blind.loadFromClusterAndUser({ name: 'x', server: 'http://127.0.0.1:9', skipTLSVerify: true }, { name: 'x' });
    trainers.push(new ClusterTrainer(database, openExecutor({ kubeConfig: () => blind })));
    const runId = await seeing.request();
    const stageDetail = 'No machine of its kind is running. It waits for one to be started.';
    await seeing.reaches(runId, { stage: 'provisioning', stageDetail });
    const lines = await seeing.linesOf(runId);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await seeing.find(runId)).toMatchObject({ stageDetail, starts: 1 });
    expect(await seeing.linesOf(runId)).toEqual(lines);
  });

  it('name an accelerator that nobody has set up, and hold up no other run', async () => {
    const node = await machine(cluster, 'spot');
    const trainer = aTrainer();
    const strange = await trainer.request('enterprise', `never-${newId()}`);
    const usual = await trainer.request('gold');
    await trainer.reaches(usual, { hasClaimWindow: true });
    await trainer.reaches(strange, { host: null });
    await node.remove();
  });
});
