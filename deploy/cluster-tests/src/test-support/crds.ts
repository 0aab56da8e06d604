import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '@attune/embedded';
import type { TestCluster } from '@attune/testing-cluster';

/** Where the definitions of what k8s/ uses lie in the Go modules of those who define it. */
const SOURCES: readonly { module: string; folder: string; files?: RegExp }[] = [
  { module: 'sigs.k8s.io/kueue@v0.19.2', folder: 'config/components/crd/bases' },
  { module: 'github.com/kedacore/keda/v2@v2.21.0', folder: 'config/crd/bases' },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.92.1',
    folder: 'example/prometheus-operator-crd',
    files: /_(podmonitors|prometheusrules|servicemonitors)\.yaml$/,
  },
  {
    module: 'github.com/cloudnative-pg/cloudnative-pg@v1.30.0',
    folder: 'config/crd/bases',
    files: /_(clusters|scheduledbackups)\.yaml$/,
  },
  { module: 'github.com/aws/karpenter-provider-aws@v1.14.0', folder: 'pkg/apis/crds' },
];

/** Makes every custom resource that k8s/ uses known to the API server, each with its own schema and rules. */
export async function installCrds(cluster: TestCluster): Promise<void> {
  const files = await Promise.all(SOURCES.map(filesOf));
  // Server-side: some are too long for the annotation of a client-side apply.
  await cluster.kubectl(['apply', '--server-side', ...files.flat().flatMap((file) => ['-f', file])]);
  await cluster.untilEstablished();
}

async function filesOf({ module, folder, files = /\.yaml$/ }: (typeof SOURCES)[number]): Promise<string[]> {
  const answer = await run('go', ['mod', 'download', '-json', module]);
  const { Dir } = JSON.parse(answer) as { Dir: string };
  const names = await readdir(join(Dir, folder));
  return names.filter((name) => files.test(name)).map((name) => join(Dir, folder, name));
}
