import { join } from 'node:path';
import { AppsV1Api, CoreV1Api, CustomObjectsApi } from '@kubernetes/client-node';
import { freePort } from '@attune/embedded';
import { eventually, tsProgram } from '@attune/testing';
import {
  canRunKeda,
  startCluster,
  startKeda,
  startNode,
  type HostCommand,
  type TestCluster,
} from '@attune/testing-cluster';
import { IngestionLab, type Uploaded } from '../../../apps/ingestion/src/test-support/ingestion-lab';
import type { Manifest } from './test-support/manifest';
import { render } from './test-support/render';

const NAMESPACE = 'attune';
const PROGRAM = join(__dirname, '..', '..', '..', 'apps', 'ingestion', 'src', 'main.ts');
/** Instead of five minutes. */
const COOLDOWN_S = 2;

/** What is read and changed of the component's ScaledObject. */
interface ScaledObject extends Manifest {
  spec: { cooldownPeriod: number; triggers: { metadata: Record<string, string> }[] };
}

jest.setTimeout(300_000);

if (canRunKeda()) {
  describe('ingestion in a cluster with KEDA', scalesIngestion);
} else {
  test.skip('ingestion in a cluster with KEDA: its operator is not in the cache', () => undefined);
}

function scalesIngestion(): void {
  let lab: IngestionLab;
  let cluster: TestCluster;
  let audio: Buffer;

  beforeAll(async () => {
    [lab, cluster] = await Promise.all([IngestionLab.start(), startCluster()]);
    audio = await lab.audio('two.wav', '-f', 'lavfi', '-i', 'anoisesrc=d=2:a=0.2:seed=1');
    await startKeda(cluster);
    const port = await freePort();
    await startNode(cluster, {
      commands: { 'ghcr.io/attune-asr/service-ingestion:': () => ingestionOnThisHost(lab, port) },
    });
    await cluster.apply(...at(lab, await render('test', ['keda'])), ...secretsOf(lab));
  }, 240_000);
  afterAll(async () => {
    await cluster.stop();
    await lab.stop();
  });

  const upload = (): Promise<Uploaded> => lab.upload(audio, 'the patient was seen in the clinic today');
  /** As wanted, and as counted by pods that are there. */
  const replicas = async (): Promise<[number | undefined, number]> => {
    const { spec } = await cluster
      .client(AppsV1Api)
      .readNamespacedDeployment({ namespace: NAMESPACE, name: 'ingestion' });
    const { items } = await cluster.client(CoreV1Api).listNamespacedPod({ namespace: NAMESPACE });
    return [spec?.replicas, items.length];
  };
  const untilReplicas = (count: number, timeoutMs = 120_000): Promise<void> =>
    eventually(async () => expect(await replicas()).toEqual([count, count]), { timeoutMs, everyMs: 200 });
  const conditionsOf = async (): Promise<Record<string, string>> => {
    const object = (await cluster.client(CustomObjectsApi).getNamespacedCustomObject({
      group: 'keda.sh',
      version: 'v1alpha1',
      namespace: NAMESPACE,
      plural: 'scaledobjects',
      name: 'ingestion',
    })) as { status?: { conditions?: { type: string; status: string }[] } };
    return Object.fromEntries((object.status?.conditions ?? []).map(({ type, status }) => [type, status]));
  };

  it('runs once to make its consumers, which KEDA finds by their names, and then not while nobody uploads', async () => {
    await untilReplicas(0);
    expect(await conditionsOf()).toMatchObject({ Ready: 'True', Fallback: 'False', Active: 'False' });
  });

  it('is there for an upload, gives its verdict, and is gone again', async () => {
    const item = await upload();
    await lab.verdicts('ingestion.data-validated.v1', item);
    await untilReplicas(0);
  });

  it('comes back for the erasure of a deleted model too', async () => {
    const { organization_id, model_id } = await lab.quarantine(audio, 'one more');
    await lab.models.publish('models.model-deleted.v1', { organization_id, model_id });
    await eventually(() => expect(lab.models.receivedOf('ingestion.model-erased.v1')).toHaveLength(1), {
      timeoutMs: 60_000,
    });
    await untilReplicas(0);
  });

  it('comes back by itself when NATS has lost its consumers', async () => {
    await lab.nats.stop();
    await lab.nats.wipeStore();
    await lab.nats.start();
    const item = await upload();
    await lab.verdicts('ingestion.data-validated.v1', item);
    await untilReplicas(0);
  });
}

/** Of everything that is applied, what ingestion needs; the same but for addresses, and for a cooldown that a test can wait for. */
function at(lab: IngestionLab, manifests: readonly Manifest[]): Manifest[] {
  const wanted = manifests.filter(
    ({ kind, metadata }) => ['Namespace', 'PriorityClass', 'ConfigMap'].includes(kind) || metadata.name === 'ingestion',
  );
  for (const object of wanted.filter(({ kind }) => kind === 'ScaledObject')) {
    const { spec } = object as ScaledObject;
    spec.cooldownPeriod = COOLDOWN_S;
    for (const { metadata } of spec.triggers)
      metadata['natsServerMonitoringEndpoint'] = new URL(lab.nats.monitorUrl).host;
  }
  return wanted;
}

function secretsOf(lab: IngestionLab): Manifest[] {
  const secret = (name: string, stringData: Record<string, string>): Manifest & { stringData: object } => ({
    ...{ apiVersion: 'v1', kind: 'Secret' },
    metadata: { name, namespace: NAMESPACE },
    stringData,
  });
  return [
    secret('attune-database', { 'ingestion-url': lab.testDatabase.url }),
    secret('attune-nats', { url: lab.nats.url }),
    secret('attune-store', { 'access-key': 'unused', 'secret-key': 'unused' }),
  ];
}

/** The service itself, at a port of its own and with the lab's store. */
function ingestionOnThisHost({ env, nats }: IngestionLab, port: number): HostCommand {
  const { store } = env;
  if (store.kind !== 'filesystem') throw new Error('the lab has a filesystem store');
  return {
    ...tsProgram(PROGRAM),
    env: {
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'warn',
      NATS_MONITOR_URL: nats.monitorUrl,
      STORE_KIND: 'filesystem',
      STORE_DIRECTORY: store.directory,
      STORE_SIGNING_SECRET: store.signingSecret,
      STORE_INTERNAL_URL: store.publicBaseUrl,
    },
  };
}
