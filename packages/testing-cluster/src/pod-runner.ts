import { rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { superviseChild, type ChildExit, type SupervisedChild } from '@attune/embedded';
import {
  ApiException,
  PatchStrategy,
  setHeaderOptions,
  type CoreV1Api,
  type V1Container,
  type V1ContainerState,
  type V1Pod,
} from '@kubernetes/client-node';
import { CannotMakeContainer, expand, makeMounts, resolveEnvironment, toHostPaths } from './pod-environment';

/** What runs on the host in place of a container. */
export interface HostCommand {
  command: string;
  args?: readonly string[];
  /** Added to the container's own variables, which it overrides. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

/** A container as it is on this host: variables resolved, paths replaced. */
export interface HostContainer {
  pod: V1Pod;
  container: V1Container;
  /** `command` and `args` of the container's definition. */
  commandLine: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Where a path of the container lies on this host. */
  hostPath: (path: string) => string;
}

/** What an image's command is outside the image; the longest prefix of the image's name wins. */
export type CommandTable = Readonly<Record<string, (container: HostContainer) => HostCommand>>;

export interface PodSurroundings {
  core: CoreV1Api;
  commands: CommandTable;
  absentImages: ReadonlySet<string>;
  /** The pod's own folder. */
  directory: string;
}

const RETRY_MS = 300;
const RESTART_MS = 1_000;
const NOT_FOUND = 404;
/** What is about to die may still write there. */
const REMOVAL = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 };

/** The life of one pod on a node: what a kubelet does for a pod of one container. */
export class PodRunner {
  private child: SupervisedChild | null = null;
  private readonly ending = new AbortController();
  private readonly life: Promise<void>;
  private outOfMemory = false;
  private isGone = false;
  private restarts = 0;
  private lastState: V1ContainerState | undefined;
  private removal: Promise<void> | null = null;
  /** When the process is killed at the latest, by performance.now(). */
  private killAt = Infinity;
  private killing: NodeJS.Timeout | undefined;

  constructor(
    private readonly pod: V1Pod,
    private readonly surroundings: PodSurroundings,
  ) {
    const phase = pod.status?.phase;
    // A pod that had ended before this node knew it needs no more than to be removed one day.
    this.life = phase === 'Succeeded' || phase === 'Failed' ? Promise.resolve() : this.live();
  }

  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  get logFile(): string {
    return join(this.surroundings.directory, 'container.log');
  }

  /** SIGKILL, and the container's end is said to be the kernel's. */
  killForMemory(): void {
    this.outOfMemory = true;
    this.child?.kill('SIGKILL');
  }

  /** Asks the process to end, kills it after the grace period, then removes the pod from the API. A second deletion may shorten the period. */
  terminate(graceSeconds: number): Promise<void> {
    this.removal ??= this.endAndRemove();
    this.killWithin(graceSeconds * 1000);
    return this.removal;
  }

  /** The host is switched off, or the pod was removed by force: its processes are killed and nothing is said about them. */
  async vanish(): Promise<void> {
    this.isGone = true;
    this.ending.abort();
    this.child?.kill('SIGKILL');
    await this.life;
    await rm(join(this.surroundings.directory, 'volumes'), REMOVAL);
  }

  private async live(): Promise<void> {
    const [container, ...others] = this.pod.spec?.containers ?? [];
    if (container === undefined) return;
    await this.report('Pending', { waiting: { reason: 'ContainerCreating' } });
    const command = await this.prepare(container, others.length + (this.pod.spec?.initContainers?.length ?? 0));
    while (command !== null && !this.ending.signal.aborted) {
      const startedAt = new Date();
      this.child = superviseChild({
        name: container.name,
        command: command.command,
        args: command.args,
        cwd: command.cwd ?? this.surroundings.directory,
        env: { PATH: process.env.PATH, HOME: this.surroundings.directory, HOSTNAME: this.name, ...command.env },
        logFile: this.logFile,
        restart: 'never',
      });
      const [exit] = await Promise.all([this.child.ended(), this.report('Running', { running: { startedAt } })]);
      const state = this.terminated(exit, startedAt);
      const succeeded = state.terminated?.exitCode === 0;
      if (!this.restartsAfter(succeeded)) {
        await this.report(succeeded ? 'Succeeded' : 'Failed', state);
        return;
      }
      this.lastState = state;
      this.restarts++;
      await this.report('Running', { waiting: { reason: 'CrashLoopBackOff' } });
      await this.pause(RESTART_MS);
    }
  }

  private restartsAfter(succeeded: boolean): boolean {
    const policy = this.pod.spec?.restartPolicy ?? 'Always';
    return !this.ending.signal.aborted && (policy === 'Always' || (policy === 'OnFailure' && !succeeded));
  }

  /** Tries until the container can be made; null when the pod ends before. */
  private async prepare(container: V1Container, others: number): Promise<HostCommand | null> {
    let said = '';
    while (!this.ending.signal.aborted) {
      try {
        if (others > 0)
          throw new CannotMakeContainer('CreateContainerError', 'this node runs pods of one container only');
        return await this.hostCommand(container);
      } catch (error) {
        if (error instanceof CannotMakeContainer) {
          // A pull that has failed once is waited for before the next one.
          const reason = said.startsWith('ErrImagePull') ? 'ImagePullBackOff' : error.reason;
          const text = `${reason} ${error.message}`;
          if (text !== said && !said.startsWith('ImagePullBackOff'))
            await this.report('Pending', { waiting: { reason, message: error.message } });
          said = text;
        }
      }
      await this.pause(RETRY_MS);
    }
    return null;
  }

  private async hostCommand(container: V1Container): Promise<HostCommand> {
    const { core, commands, absentImages, directory } = this.surroundings;
    const image = container.image ?? '';
    if (absentImages.has(image)) throw new CannotMakeContainer('ErrImagePull', `image ${image} not found`);
    const own = await resolveEnvironment(core, this.pod, container);
    const mounts = await makeMounts(core, this.pod, container, directory, own);
    const hostPath = (path: string): string => toHostPaths(path, mounts);
    const env = Object.fromEntries(Object.entries(own).map(([name, value]) => [name, hostPath(value)]));
    const commandLine = [...(container.command ?? []), ...(container.args ?? [])].map((part) =>
      hostPath(expand(part, own)),
    );
    const [prefix] = Object.keys(commands)
      .filter((start) => image.startsWith(start))
      .sort((a, b) => b.length - a.length);
    const make = prefix === undefined ? undefined : commands[prefix];
    if (make !== undefined) {
      const made = make({ pod: this.pod, container, commandLine, env, hostPath });
      return { ...made, env: { ...env, ...made.env } };
    }
    const [command, ...args] = commandLine;
    if (command === undefined || container.command === undefined)
      throw new CannotMakeContainer('CreateContainerError', `no command is known for image ${image}`);
    const cwd = container.workingDir === undefined ? undefined : hostPath(container.workingDir);
    return { command, args, env, cwd };
  }

  private killWithin(ms: number): void {
    const at = performance.now() + ms;
    if (at >= this.killAt) return;
    this.killAt = at;
    clearTimeout(this.killing);
    this.killing = setTimeout(() => this.child?.kill('SIGKILL'), ms);
  }

  private async endAndRemove(): Promise<void> {
    this.ending.abort();
    // Only the container's first process is told, as in a container.
    if (this.pid !== null) process.kill(this.pid, 'SIGTERM');
    await this.life;
    clearTimeout(this.killing);
    await this.persist(() =>
      this.surroundings.core.deleteNamespacedPod({
        ...this.address,
        body: { gracePeriodSeconds: 0, preconditions: { uid: this.pod.metadata?.uid } },
      }),
    );
    await rm(join(this.surroundings.directory, 'volumes'), REMOVAL);
  }

  private terminated(exit: ChildExit | null, startedAt: Date): V1ContainerState {
    const signal = exit?.signal ?? null;
    const exitCode = signal !== null ? 128 + constants.signals[signal] : (exit?.status ?? 128);
    const reason = this.outOfMemory ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error';
    return { terminated: { exitCode, reason, startedAt, finishedAt: new Date() } };
  }

  /** Conditions are merged by their type, so that the scheduler's `DisruptionTarget` stays. */
  private async report(phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed', state: V1ContainerState): Promise<void> {
    const [container] = this.pod.spec?.containers ?? [];
    const isRunning = state.running !== undefined;
    const now = new Date();
    const condition = (type: string, isTrue: boolean): object => ({
      type,
      status: isTrue ? 'True' : 'False',
      ...(isTrue ? { reason: null } : { reason: phase === 'Succeeded' ? 'PodCompleted' : 'ContainersNotReady' }),
      lastTransitionTime: now,
    });
    const containerStatus = {
      name: container?.name,
      image: container?.image,
      imageID: container?.image,
      ready: isRunning,
      started: isRunning,
      restartCount: this.restarts,
      state,
      ...(this.lastState === undefined ? {} : { lastState: this.lastState }),
    };
    const status = {
      phase,
      hostIP: '127.0.0.1',
      startTime: this.startTime,
      conditions: [
        condition('Initialized', true),
        condition('ContainersReady', isRunning),
        condition('Ready', isRunning),
      ],
      containerStatuses: [containerStatus],
    };
    const options = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);
    await this.persist(() =>
      this.surroundings.core.patchNamespacedPodStatus(
        // A pod of the same name that was made since is another pod.
        { ...this.address, body: { metadata: { uid: this.pod.metadata?.uid }, status } },
        options,
      ),
    );
  }

  /** Until the API has taken it; it may be away for a while. What it refuses is thrown away: the pod is another's or gone. */
  private async persist(call: () => Promise<unknown>): Promise<void> {
    while (!this.isGone) {
      try {
        await call();
        return;
      } catch (error) {
        if (error instanceof ApiException && (error.code === NOT_FOUND || error.code === 409)) return;
      }
      await delay(RETRY_MS);
    }
  }

  private readonly startTime = new Date();

  private get name(): string {
    return this.pod.metadata?.name ?? '';
  }

  private get address(): { namespace: string; name: string } {
    return { namespace: this.pod.metadata?.namespace ?? '', name: this.name };
  }

  private pause(milliseconds: number): Promise<unknown> {
    return delay(milliseconds, undefined, { signal: this.ending.signal }).catch(() => undefined);
  }
}
