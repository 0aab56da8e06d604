import { BatchV1Api, CoreV1Api } from '@kubernetes/client-node';
import { eventually } from '@attune/testing';
import { TRAINING_NAMESPACE, type ClusterLab } from './cluster-lab';

/** What is there though nobody needs it. */
interface Remains {
  /** Jobs, pods and Secrets, as `kind name`. */
  cluster: string[];
  /** Keys in the store that no row speaks of. */
  store: string[];
  openHolds: number;
}

/**
 * Waits until nothing is left of runs that have all ended: no object in their namespace, none in the store but snapshots
 * and what the versions are made of, no open hold.
 */
export async function expectNoRemains(lab: ClusterLab): Promise<void> {
  await eventually(
    async () => expect(await remainsOf(lab)).toEqual({ cluster: [], store: [], openHolds: 0 } satisfies Remains),
    { timeoutMs: 60_000, everyMs: 500 },
  );
}

async function remainsOf(lab: ClusterLab): Promise<Remains> {
  const [hold] = await lab.rows.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM billing.hold WHERE state IN ('placed', 'confirmed')`,
  );
  return { cluster: await objectsOf(lab), store: await orphanKeys(lab), openHolds: hold?.n ?? -1 };
}

async function objectsOf(lab: ClusterLab): Promise<string[]> {
  const namespace = TRAINING_NAMESPACE;
  const [jobs, pods, secrets] = await Promise.all([
    lab.cluster.client(BatchV1Api).listNamespacedJob({ namespace }),
    lab.cluster.client(CoreV1Api).listNamespacedPod({ namespace }),
    lab.cluster.client(CoreV1Api).listNamespacedSecret({ namespace }),
  ]);
  const named = (kind: string, items: { metadata?: { name?: string } }[]): string[] =>
    items.map(({ metadata }) => `${kind} ${metadata?.name ?? ''}`);
  return [...named('job', jobs.items), ...named('pod', pods.items), ...named('secret', secrets.items)];
}

interface StoredRun {
  organization_id: string;
  model_id: string;
  id: string;
  epoch: number | null;
}

async function orphanKeys(lab: ClusterLab): Promise<string[]> {
  const runs = await lab.rows.query<StoredRun>(
    `SELECT run.organization_id, run.model_id, run.id, version.epoch
       FROM models.run LEFT JOIN models.version ON version.run_id = run.id`,
  );
  const orphans: string[] = [];
  for (const { organization_id, model_id, id, epoch } of runs) {
    const prefix = `o/${organization_id}/m/${model_id}/runs/${id}/`;
    for await (const { key } of lab.store.list(prefix)) {
      const name = key.slice(prefix.length);
      const isVersions =
        epoch !== null && new RegExp(`^${String(epoch)}/(artifact/|decodes/|manifest\\.json$)`).test(name);
      if (name !== 'snapshot.jsonl' && !isVersions) orphans.push(key);
    }
  }
  return orphans;
}
