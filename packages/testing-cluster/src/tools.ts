import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, run, succeeds, withFileLock } from '@attune/embedded';

/** A Go module of `tools/`: what is built from it, each program by its package. */
interface ToolModule {
  /** The requirement whose version is the tool's. */
  module: string;
  programs: Record<string, string>;
}

const MODULES = {
  etcd: { module: 'go.etcd.io/etcd/server/v3', programs: { etcd: 'go.etcd.io/etcd/server/v3' } },
  kubernetes: {
    module: 'k8s.io/kubernetes',
    programs: {
      'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
      'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
      'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
      kubectl: 'k8s.io/kubernetes/cmd/kubectl',
    },
  },
  kwok: {
    module: 'sigs.k8s.io/kwok',
    programs: { kwok: 'sigs.k8s.io/kwok/cmd/kwok', kwokctl: 'sigs.k8s.io/kwok/cmd/kwokctl' },
  },
  kustomize: {
    module: 'sigs.k8s.io/kustomize/kustomize/v5',
    programs: { kustomize: 'sigs.k8s.io/kustomize/kustomize/v5' },
  },
  kubeconform: {
    module: 'github.com/yannh/kubeconform',
    programs: { kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform' },
  },
  kueue: { module: 'sigs.k8s.io/kueue', programs: { kueue: 'sigs.k8s.io/kueue/cmd/kueue' } },
  keda: {
    module: 'github.com/kedacore/keda/v2',
    programs: { 'keda-operator': 'github.com/kedacore/keda/v2/cmd/operator' },
  },
} satisfies Record<string, ToolModule>;

export type ToolName = keyof typeof MODULES;

/** What every test of a cluster needs. */
export const BASIC_TOOLS: readonly ToolName[] = ['etcd', 'kwok', 'kustomize', 'kubeconform', 'kubernetes'];
/** Long builds that only their own components need. */
export const OPTIONAL_TOOLS: readonly ToolName[] = ['kueue', 'keda'];

const MODULE_OF = new Map(
  toolNames().flatMap((name) => Object.keys(MODULES[name].programs).map((program) => [program, name] as const)),
);

/** Every name that `ensureTools` knows. */
export function toolNames(): ToolName[] {
  return Object.keys(MODULES) as ToolName[];
}

/** Where a program lies once its tool is built, for example `kubectl`. */
export function toolPath(program: string): string {
  const name = MODULE_OF.get(program);
  if (name === undefined) throw new Error(`${program} is a program of no tool`);
  return join(directoryOf(name), program);
}

/** The version that `tools/<name>/go.mod` requires, as `v1.2.3`. */
export function toolVersion(name: ToolName): string {
  const { module } = MODULES[name];
  const version = definition(name)
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replace(/^require /, '')
        .split(' '),
    )
    .find(([path, found]) => path === module && found?.startsWith('v'))?.[1];
  if (version === undefined) throw new Error(`tools/${name}/go.mod requires no ${module}`);
  return version;
}

/** Whether all programs of a tool are in the cache. */
export function isBuilt(name: ToolName): boolean {
  return existsSync(directoryOf(name));
}

/** Whether a missing tool could be built here. */
export function hasGo(): Promise<boolean> {
  return succeeds('go', ['version']);
}

/**
 * Builds what is missing into the cache, one after the other: the control plane takes 20 minutes of two cores the first
 * time. Whoever asks at the same time waits for the same build.
 */
export async function ensureTools(names: readonly ToolName[] = BASIC_TOOLS): Promise<void> {
  for (const name of names) {
    if (isBuilt(name)) continue;
    const directory = directoryOf(name);
    await mkdir(join(directory, '..'), { recursive: true });
    await withFileLock(`${directory}.lock`, async () => {
      if (!isBuilt(name)) await build(name, directory);
    });
  }
}

/** The folder of a tool's own sources, as Go fetched them: definitions of its kinds and other manifests lie there. */
export async function toolSources(name: ToolName): Promise<string> {
  const output = await run('go', ['mod', 'download', '-json', MODULES[name].module], goOptions(name));
  return (JSON.parse(output) as { Dir: string }).Dir;
}

async function build(name: ToolName, directory: string): Promise<void> {
  const started = performance.now();
  process.stderr.write(`building ${name} ${toolVersion(name)} from its Go module, once\n`);
  const work = `${directory}.new`;
  await rm(work, { recursive: true, force: true });
  await mkdir(work);
  const programs = Object.entries(MODULES[name].programs);
  // Several programs at once share what they link, and their names are their folders'; a single one gets ours.
  const [only] = programs;
  const output = programs.length === 1 && only !== undefined ? join(work, only[0]) : work;
  const packages = programs.map(([, path]) => path);
  const args = ['build', ...BUILD_FLAGS, '-ldflags', linkerFlags(name), '-o', output, ...packages];
  await run('go', args, goOptions(name));
  // In one step, so that a half-built tool is never found.
  await rename(work, directory);
  process.stderr.write(`built ${name} in ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
}

function goOptions(name: ToolName): { cwd: string; env: NodeJS.ProcessEnv } {
  return { cwd: definitionDirectory(name), env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' } };
}

const BUILD_FLAGS = ['-trimpath', '-buildvcs=false', '-mod=readonly'];

function linkerFlags(name: ToolName): string {
  if (name !== 'kubernetes') return '-s -w';
  // Without it the server calls itself v0.0.0-master, and clients that ask for its version misread it.
  const version = toolVersion(name);
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  const settings = { gitVersion: version, gitMajor: major, gitMinor: minor };
  const variables = Object.entries(settings).map(
    ([key, value]) => `-X k8s.io/component-base/version.${key}=${value ?? ''}`,
  );
  return ['-s -w', ...variables].join(' ');
}

/** Keyed by everything that decides what is built; an older checkout and a newer one keep their own. */
function directoryOf(name: ToolName): string {
  const recipe = [
    definition(name),
    read(name, 'go.sum'),
    JSON.stringify(MODULES[name]),
    BUILD_FLAGS,
    linkerFlags(name),
  ];
  const key = createHash('sha256').update(recipe.join('\0')).digest('hex').slice(0, 12);
  return join(cacheDirectory(), 'cluster-tools', `${name}-${toolVersion(name)}-${key}`);
}

const definitionDirectory = (name: ToolName): string => join(__dirname, '..', 'tools', name);
const definition = (name: ToolName): string => read(name, 'go.mod');
const read = (name: ToolName, file: string): string => readFileSync(join(definitionDirectory(name), file), 'utf8');
