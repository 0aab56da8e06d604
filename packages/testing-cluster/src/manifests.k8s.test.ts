import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderKustomization, startCluster, type TestCluster } from './index';

describe('manifests', () => {
  let cluster: TestCluster;
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'attune-test-kustomize-'));
    cluster = await startCluster();
  });
  afterAll(async () => {
    await cluster.stop();
    await rm(directory, { recursive: true });
  });

  it('are rendered, checked by the API server, and applied again without a change; a kind is known before its first object', async () => {
    const widgets = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.attune.dev' },
      spec: {
        group: 'attune.dev',
        names: { kind: 'Widget', plural: 'widgets' },
        scope: 'Namespaced',
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    const widget = { apiVersion: 'attune.dev/v1', kind: 'Widget', metadata: { name: 'one' } };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'rendered' } };
    await writeFile(
      join(directory, 'kustomization.yaml'),
      'namespace: rendered\nresources: [widget.json, crd.json, namespace.json]\n',
    );
    for (const [file, object] of Object.entries({ widget, crd: widgets, namespace }))
      await writeFile(join(directory, `${file}.json`), JSON.stringify(object));
    const objects = await renderKustomization(directory);
    expect(objects.map(({ kind }) => kind)).toEqual(['Namespace', 'CustomResourceDefinition', 'Widget']);
    await cluster.apply(...objects);
    await cluster.apply(...objects);
    expect(await cluster.kubectl(['get', 'widgets', '-n', 'rendered', '-o', 'name'])).toBe('widget.attune.dev/one\n');
    await expect(cluster.apply({ ...namespace, metadata: { name: 'No Name' } })).rejects.toThrow('Invalid');
  });
});
