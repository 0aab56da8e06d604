import { Watch, type KubeConfig, type KubernetesListObject, type KubernetesObject } from '@kubernetes/client-node';
import { delay, inTime, messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { NO_ANSWER } from './cluster-api';
import { countCall, watchRestarts } from './executor-metrics';

/** A whole listing anew this often, whatever the watch says: watches can die without a word. */
const RELIST_MS = 60_000;
/** A watch that ended in an error is not opened again at once. */
const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;
/** The server ends the watch; where it does not (nobody is there any more), this process does, a little later. */
const OVERDUE_MS = 5000;
const LIST_MS = 30_000;

export interface MirrorSettings<T extends KubernetesObject> {
  resource: string;
  path: string;
  labelSelector?: string;
  /** The objects are found by it; one of each key is kept. */
  key: (object: T) => string;
  list: () => Promise<KubernetesListObject<T>>;
  onChange: () => void;
  /** The object as it was last seen. */
  onGone?: (object: T) => void;
}

/** A copy of the objects of one kind, kept by a listing and a watch from there on, over and over. Never rejects. */
export class Mirror<T extends KubernetesObject> {
  private readonly objects = new Map<string, T>();
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private listedAt: number | null = null;
  /** Since the last watch that lasted. */
  private failures = 0;
  private isHealthy = false;

  constructor(
    private readonly config: KubeConfig,
    private readonly settings: MirrorSettings<T>,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** False until the first listing, and while the last ones failed: what it has may be old then. */
  isCurrent(): boolean {
    return this.isHealthy;
  }

  hasListed(): boolean {
    return this.listedAt !== null;
  }

  /** Since the last whole listing; null before the first. */
  ageMs(): number | null {
    return this.listedAt === null ? null : performance.now() - this.listedAt;
  }

  get(key: string): T | undefined {
    return this.objects.get(key);
  }

  values(): IterableIterator<T> {
    return this.objects.values();
  }

  /** What the API has just answered, ahead of the watch. */
  note(object: T): void {
    this.put(object);
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await this.watchFrom(await this.relist());
        this.failures = 0;
      } catch (error) {
        this.isHealthy = false;
        this.failures += 1;
        watchRestarts.inc({ resource: this.settings.resource });
        this.logger.warn(`${this.settings.resource} of the cluster: ${messageOf(error)}`);
        const wait = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (this.failures - 1));
        // Not all trainers at the same moment.
        await delay(wait * (0.5 + Math.random() / 2), this.stopping.signal);
      }
    }
  }

  private async relist(): Promise<string> {
    countCall('list', this.settings.resource);
    const { items, metadata } = await inTime(this.settings.list(), LIST_MS, NO_ANSWER);
    const keys = new Set(items.map(this.settings.key));
    for (const [key, object] of this.objects) if (!keys.has(key)) this.remove(object);
    for (const object of items) this.put(object);
    this.listedAt = performance.now();
    this.isHealthy = true;
    this.settings.onChange();
    return metadata?.resourceVersion ?? '';
  }

  /** Until it is time for the next listing. Throws when the watch breaks. */
  private async watchFrom(resourceVersion: string): Promise<void> {
    countCall('watch', this.settings.resource);
    let failure: Error | null = null;
    const parameters = {
      resourceVersion,
      timeoutSeconds: RELIST_MS / 1000,
      ...(this.settings.labelSelector === undefined ? {} : { labelSelector: this.settings.labelSelector }),
    };
    const begun = performance.now();
    await new Promise<void>((resolve, reject) => {
      const onEvent = (phase: string, object: T & { code?: number; message?: string }): void => {
        if (phase === 'ERROR') failure = new Error(object.message ?? `watch ended with ${String(object.code)}`);
        else this.apply(phase, object);
      };
      let end = (): void => undefined;
      const settle = (error: unknown): void => {
        clearTimeout(overdue);
        this.stopping.signal.removeEventListener('abort', end);
        if (this.stopping.signal.aborted) resolve();
        else if (failure ?? error) reject(failure ?? asError(error));
        else resolve();
      };
      const overdue = setTimeout(() => {
        end();
        settle(new Error('the watch was never closed'));
      }, RELIST_MS + OVERDUE_MS);
      new Watch(this.config).watch(this.settings.path, parameters, onEvent, settle).then((controller) => {
        end = () => controller.abort();
        this.stopping.signal.addEventListener('abort', end, { once: true });
        if (this.stopping.signal.aborted) end();
      }, settle);
    });
    // Closed without an error long before its time (a server that goes away says goodbye so): the next one waits as after an error.
    const tookMs = performance.now() - begun;
    if (tookMs < RETRY_MS && !this.stopping.signal.aborted) throw new Error('the watch was closed at once');
  }

  private apply(phase: string, object: T): void {
    if (phase === 'DELETED') this.remove(object);
    else if (phase === 'ADDED' || phase === 'MODIFIED') this.put(object);
    else return;
    this.settings.onChange();
  }

  private put(object: T): void {
    this.objects.set(this.settings.key(object), object);
  }

  private remove(object: T): void {
    this.objects.delete(this.settings.key(object));
    this.settings.onGone?.(object);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}
