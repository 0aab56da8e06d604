import type { V1Container } from '@kubernetes/client-node';
import { entriesOf, ofKind, workloads, type Check, type Manifest, type Problem } from '../test-support/manifest';

type Variables = Record<string, string | undefined>;

/** `Deployment attune/trainer service` -> what reads the environment there, as the program itself does at its start. */
export type Readers = ReadonlyMap<string, (variables: Variables) => unknown>;

/** Variables that a program's libraries read, not its env.ts. */
const OF_LIBRARIES = new Set(['NODE_OPTIONS', 'TMPDIR', 'HOME']);

/**
 * Every container's variables are those that its program knows, none is missing, and all have values that it accepts. Values
 * of Secrets that are not rendered come from `secrets`.
 */
export function environment(readers: Readers, secrets: readonly Manifest[]): Check {
  return (manifests) =>
    workloads(manifests).flatMap(({ name, namespace, pod }) =>
      pod.containers.flatMap((container) => {
        const reader = readers.get(`${name} ${container.name}`);
        if (reader === undefined)
          return (container.env ?? []).length + (container.envFrom ?? []).length > 0
            ? [`${name}, container ${container.name} has an environment, and nobody says what reads it`]
            : [];
        const known = [...manifests, ...secrets].filter(({ metadata }) => metadata.namespace === namespace);
        return readProblems(variablesOf(container, known), reader).map((problem) => `${name}: ${problem}`);
      }),
    );
}

/** What the container's process would see. */
export function variablesOf(
  { env = [], envFrom = [] }: V1Container,
  manifests: readonly Manifest[],
): Record<string, string> {
  const entries = (kind: string, name: string | undefined): Record<string, string> => {
    const found = ofKind(manifests, kind).find(({ metadata }) => metadata.name === name);
    return found === undefined ? {} : entriesOf(found);
  };
  const variables: Record<string, string> = {};
  for (const { configMapRef, secretRef } of envFrom) {
    Object.assign(variables, entries('ConfigMap', configMapRef?.name), entries('Secret', secretRef?.name));
  }
  for (const { name, value, valueFrom } of env) {
    const { configMapKeyRef: map, secretKeyRef: secret } = valueFrom ?? {};
    const found = map
      ? entries('ConfigMap', map.name)[map.key]
      : secret
        ? entries('Secret', secret.name)[secret.key]
        : (value ?? '');
    if (found !== undefined) variables[name] = found;
  }
  return variables;
}

function readProblems(variables: Record<string, string>, reader: (variables: Variables) => unknown): Problem[] {
  const read = new Set<PropertyKey>();
  const watched = new Proxy<Variables>(variables, {
    get: (target, name) => {
      read.add(name);
      return typeof name === 'string' ? target[name] : undefined;
    },
  });
  try {
    reader(watched);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return Object.keys(variables)
    .filter((name) => !read.has(name) && !OF_LIBRARIES.has(name))
    .map((name) => `${name} is set, and the program does not know it`);
}
