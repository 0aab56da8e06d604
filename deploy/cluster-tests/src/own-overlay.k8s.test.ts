import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import { Network } from './checks/network';
import { reach } from './checks/reach';
import { references } from './checks/references';
import { exampleRun } from './test-support/blueprint';
import { entriesOf, ofKind, workloads, type Manifest } from './test-support/manifest';
import { documentedSecrets, k8s, render, renderOwn } from './test-support/render';
import { callsOf, platform } from './test-support/surroundings';

interface Kustomization {
  resources: string[];
  patches: { target: { name: string } }[];
}

/** The overlay that docs/guides/operating/install.md shows: everything that is kept is outside the cluster. */
function shownOverlay(): Kustomization {
  const guide = readFileSync(join(k8s, '..', 'docs', 'guides', 'operating', 'install.md'), 'utf8');
  const [, text = ''] = /```yaml\n(resources:[\s\S]*?)```/.exec(guide) ?? [];
  return loadYaml<Kustomization>(text);
}

/** As whoever installs would make them for it. */
async function secretsElsewhere(): Promise<Manifest[]> {
  return ofKind(await render('dev'), 'Secret').map((secret) => ({
    ...secret,
    data: undefined,
    stringData: Object.fromEntries(
      Object.entries(entriesOf(secret)).map(([key, value]) => [
        key,
        value.replace(/[a-z-]+\.attune-platform\.svc\.cluster\.local/, 'elsewhere.example'),
      ]),
    ),
  }));
}

// In this project because it needs kustomize.
describe('the overlay that the guide shows', () => {
  const shown = shownOverlay();
  const [, overlay = ''] = /\/overlays\/([a-z-]+)$/.exec(shown.resources[0] ?? '') ?? [];
  let secrets: Manifest[];
  beforeAll(async () => {
    secrets = await secretsElsewhere();
  });

  const problems = async (patches: Kustomization['patches']): Promise<string[]> => {
    const manifests = await renderOwn(overlay, { ...shown, patches });
    const run = exampleRun(manifests);
    return reach({ services: platform, secrets, calls: callsOf(manifests, run) })([...manifests, run]);
  };

  it('lets every pod reach what is outside, and names nothing that is not there', async () => {
    expect(await problems(shown.patches)).toEqual([]);
    const manifests = await renderOwn(overlay, shown);
    expect(references(documentedSecrets())(manifests)).toEqual([]);
    // KEDA would ask a NATS that is not there.
    expect(ofKind(manifests, 'ScaledObject')).toEqual([]);
    expect(ofKind(manifests, 'Deployment')).toContainEqual(
      expect.objectContaining({
        metadata: expect.objectContaining({ name: 'ingestion' }) as unknown,
        spec: expect.objectContaining({ replicas: 2 }) as unknown,
      }),
    );
  });

  it.each([
    ['to-store', ['Job attune-training/run-', 'Deployment attune/stt']],
    ['to-postgres', ['Job attune/migrate-', 'Deployment attune/billing']],
    ['to-nats', ['Deployment attune/stt', 'Deployment attune/ingestion']],
  ])('would be cut off without its patch of %s', async (name, cutOff) => {
    const found = await problems(shown.patches.filter(({ target }) => target.name !== name));
    for (const workload of cutOff) expect(found).toContainEqual(expect.stringContaining(workload));
    expect(found.filter((problem) => !problem.endsWith('no policy lets it out'))).toEqual([]);
  });

  it('lets the trainer out to the address of the Kubernetes API and to no other of a private network', async () => {
    const manifests = await renderOwn(overlay, shown);
    const trainer = workloads(manifests).find(({ name }) => name === 'Deployment attune/trainer');
    if (trainer === undefined) throw new Error('there is no trainer');
    const network = new Network(manifests);
    const reached = ['10.0.0.2', '10.0.0.3', '10.20.0.1', '192.168.1.1'].filter((address) =>
      network.letsOut(trainer, { at: { address }, port: 443 }),
    );
    expect(reached).toEqual(['10.0.0.2']);
  });
});
