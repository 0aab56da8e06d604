import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ApiException,
  type CoreV1Api,
  type V1Container,
  type V1EnvVar,
  type V1Pod,
  type V1Volume,
} from '@kubernetes/client-node';

/** Why a container cannot be made, in the words of the real kubelet. */
export class CannotMakeContainer extends Error {
  constructor(
    readonly reason: 'CreateContainerConfigError' | 'CreateContainerError' | 'ErrImagePull',
    message: string,
  ) {
    super(message);
  }
}

type Values = Record<string, string>;

/** The container's own variables, with everything that they refer to. */
export async function resolveEnvironment(core: CoreV1Api, pod: V1Pod, container: V1Container): Promise<Values> {
  const namespace = pod.metadata?.namespace ?? '';
  const env: Values = {};
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const source = configMapRef ?? secretRef;
    const kind = configMapRef !== undefined ? 'configmap' : 'secret';
    const data = await readData(core, kind, namespace, source?.name ?? '', source?.optional);
    for (const [key, value] of Object.entries(data ?? {})) env[`${prefix}${key}`] = value.toString('utf8');
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(core, pod, variable);
    if (value !== null) env[variable.name] = expand(value, env);
  }
  return env;
}

/** `$(NAME)` becomes the variable's value and `$$` a dollar; a name that is not known stays as it is. */
export function expand(text: string, env: Readonly<Values>): string {
  return text.replace(/\$(\$|\(([^()]+)\))/g, (whole, _inner: string, name?: string) =>
    name === undefined ? '$' : (env[name] ?? whole),
  );
}

async function valueOf(core: CoreV1Api, pod: V1Pod, { value = '', valueFrom }: V1EnvVar): Promise<string | null> {
  if (valueFrom === undefined) return value;
  const { secretKeyRef, configMapKeyRef, fieldRef } = valueFrom;
  if (fieldRef !== undefined) return fieldOf(pod, fieldRef.fieldPath);
  const reference = secretKeyRef ?? configMapKeyRef;
  if (reference === undefined)
    throw new CannotMakeContainer(
      'CreateContainerConfigError',
      `this node resolves no ${Object.keys(valueFrom).join()}`,
    );
  const kind = secretKeyRef !== undefined ? 'secret' : 'configmap';
  const namespace = pod.metadata?.namespace ?? '';
  const data = await readData(core, kind, namespace, reference.name ?? '', reference.optional);
  const found = data?.[reference.key];
  if (found !== undefined) return found.toString('utf8');
  if (reference.optional === true) return null;
  const named = kind === 'secret' ? 'Secret' : 'ConfigMap';
  throw new CannotMakeContainer(
    'CreateContainerConfigError',
    `couldn't find key ${reference.key} in ${named} ${namespace}/${reference.name ?? ''}`,
  );
}

/** The downward API's fields. The pod's own address is the loopback interface, where its process listens. */
function fieldOf(pod: V1Pod, path: string): string {
  const { metadata, spec } = pod;
  const [, map, key = ''] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map !== undefined) return (map === 'labels' ? metadata?.labels : metadata?.annotations)?.[key] ?? '';
  const fields: Record<string, string | undefined> = {
    'metadata.name': metadata?.name,
    'metadata.namespace': metadata?.namespace,
    'metadata.uid': metadata?.uid,
    'spec.nodeName': spec?.nodeName,
    'spec.serviceAccountName': spec?.serviceAccountName,
    'status.podIP': '127.0.0.1',
    'status.hostIP': '127.0.0.1',
  };
  const value = fields[path];
  if (value === undefined) throw new CannotMakeContainer('CreateContainerConfigError', `this node resolves no ${path}`);
  return value;
}

async function readData(
  core: CoreV1Api,
  kind: 'secret' | 'configmap',
  namespace: string,
  name: string,
  optional = false,
): Promise<Record<string, Buffer> | null> {
  try {
    if (kind === 'secret') {
      const { data = {} } = await core.readNamespacedSecret({ namespace, name });
      return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
    }
    const { data = {}, binaryData = {} } = await core.readNamespacedConfigMap({ namespace, name });
    return Object.fromEntries([
      ...Object.entries(data).map(([key, value]) => [key, Buffer.from(value)]),
      ...Object.entries(binaryData).map(([key, value]) => [key, Buffer.from(value, 'base64')]),
    ]) as Record<string, Buffer>;
  } catch (error) {
    if (!(error instanceof ApiException) || error.code !== 404) throw error;
    if (optional) return null;
    throw new CannotMakeContainer('CreateContainerConfigError', `${kind} "${name}" not found`);
  }
}

/** Where on the host a container finds what it mounts. */
export interface Mount {
  mountPath: string;
  hostPath: string;
}

/** Makes the pod's volumes below `directory` and answers the container's mounts, the deepest path first. */
export async function makeMounts(
  core: CoreV1Api,
  pod: V1Pod,
  container: V1Container,
  directory: string,
  env: Readonly<Values>,
): Promise<Mount[]> {
  const volumes = new Map<string, string>();
  for (const volume of pod.spec?.volumes ?? []) {
    // Its token is only of use at the path where clients look for it, which is not the host's.
    if (volume.projected !== undefined && volume.name.startsWith('kube-api-access-')) continue;
    const path = join(directory, 'volumes', volume.name);
    await mkdir(path, { recursive: true });
    await fillVolume(core, pod.metadata?.namespace ?? '', volume, path);
    volumes.set(volume.name, path);
  }
  const mounts: Mount[] = [];
  for (const { name, mountPath, subPath, subPathExpr } of container.volumeMounts ?? []) {
    const volume = volumes.get(name);
    if (volume === undefined) continue;
    const hostPath = join(volume, subPath ?? expand(subPathExpr ?? '', env));
    // A key of a config map may be mounted as a file; anything else that is not there becomes a folder.
    if (!existsSync(hostPath)) await mkdir(hostPath, { recursive: true });
    mounts.push({ mountPath: mountPath.replace(/\/+$/, ''), hostPath });
  }
  return mounts.sort((a, b) => b.mountPath.length - a.mountPath.length);
}

async function fillVolume(core: CoreV1Api, namespace: string, volume: V1Volume, path: string): Promise<void> {
  const { emptyDir, configMap, secret, name } = volume;
  if (emptyDir !== undefined) return;
  if (configMap === undefined && secret === undefined)
    throw new CannotMakeContainer('CreateContainerConfigError', `this node makes no volume like ${name}`);
  const kind = secret !== undefined ? 'secret' : 'configmap';
  const source = secret?.secretName ?? configMap?.name ?? '';
  const data = (await readData(core, kind, namespace, source, (secret ?? configMap)?.optional)) ?? {};
  const items = (secret ?? configMap)?.items ?? Object.keys(data).map((key) => ({ key, path: key }));
  for (const item of items) {
    const content = data[item.key];
    if (content === undefined)
      throw new CannotMakeContainer('CreateContainerConfigError', `references non-existent ${kind} key: ${item.key}`);
    await mkdir(join(path, item.path, '..'), { recursive: true });
    await writeFile(join(path, item.path), content);
  }
}

/**
 * The text with the container's paths replaced by the host's: a mount path counts where it stands at the beginning or after
 * one of `= , : space quote`, and ends there or goes on with `/`. Nothing isolates the process: a path that its program has
 * built in stays the host's.
 */
export function toHostPaths(text: string, mounts: readonly Mount[]): string {
  if (mounts.length === 0) return text;
  const paths = mounts.map(({ mountPath }) => mountPath.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`(^|[=,:\\s"'])(${paths.join('|')})(?=$|[/,:\\s"'])`, 'g');
  return text.replace(
    pattern,
    (_whole, before: string, path: string) =>
      `${before}${mounts.find(({ mountPath }) => mountPath === path)?.hostPath ?? path}`,
  );
}
