import { setTimeout as delay } from 'node:timers/promises';
import { Watch, type KubeConfig, type KubernetesListObject, type KubernetesObject } from '@kubernetes/client-node';

const PAUSE_MS = 200;
/** The server ends a watch after this time: a connection that has died unnoticed costs no more than that. */
const WATCH_SECONDS = 30;

/** What to follow, as the API's path and how to list it. */
export interface Followed<T extends KubernetesObject> {
  path: string;
  fieldSelector?: string;
  list: () => Promise<KubernetesListObject<T>>;
  /** An object as it is now; null when it is gone. The same state may be told more than once. */
  onChange: (key: string, object: T | null) => void;
}

/**
 * Tells of every object and its changes until `signal` aborts: a list, then a watch from there, and both anew whenever the
 * watch ends. An API server that is away is waited for.
 */
export async function keepWatching<T extends KubernetesObject>(
  config: KubeConfig,
  followed: Followed<T>,
  signal: AbortSignal,
): Promise<void> {
  let known = new Set<string>();
  while (!signal.aborted) {
    try {
      const { items, metadata } = await followed.list();
      const listed = new Set(items.map(keyOf));
      for (const key of known) if (!listed.has(key)) followed.onChange(key, null);
      for (const item of items) followed.onChange(keyOf(item), item);
      known = listed;
      await watchOnce(config, followed, metadata?.resourceVersion ?? '', known, signal);
    } catch {
      await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** An object's name within its kind, also after it was deleted and made again. */
export function keyOf(object: KubernetesObject): string {
  const { namespace = '', name = '', uid = '' } = object.metadata ?? {};
  return `${namespace}/${name}/${uid}`;
}

async function watchOnce<T extends KubernetesObject>(
  config: KubeConfig,
  { path, fieldSelector, onChange }: Followed<T>,
  resourceVersion: string,
  known: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  let controller: AbortController | undefined;
  const stop = (): void => controller?.abort();
  try {
    await new Promise<void>((resolve, reject) => {
      const onEvent = (phase: string, object: T): void => {
        if (phase === 'ERROR') return;
        const key = keyOf(object);
        if (phase === 'DELETED') known.delete(key);
        else known.add(key);
        onChange(key, phase === 'DELETED' ? null : object);
      };
      const query = { fieldSelector, resourceVersion, timeoutSeconds: WATCH_SECONDS };
      new Watch(config)
        .watch(path, query, onEvent, () => resolve())
        .then((started) => {
          controller = started;
          if (signal.aborted) stop();
        }, reject);
      signal.addEventListener('abort', stop);
    });
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}
