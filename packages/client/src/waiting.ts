import type { ApiModel, dataSummary } from '@attune/contracts';
import { delay, systemClock, type Clock } from '@attune/kernel';
import type { z } from 'zod';
import { PlatformUnreachable } from './errors';

export type DataSummary = z.infer<typeof dataSummary>;

export interface WaitOptions<T> {
  /** Told after every look, and awaited. When it throws PlatformUnreachable, look and call are made again. */
  onUpdate?: (state: T) => void | Promise<void>;
  signal?: AbortSignal | undefined;
  /** Seconds without any answer after which the wait gives up: a restart of the platform is no reason to. Default 60. */
  outageSeconds?: number;
  clock?: Clock;
}

/** The first look comes soon, later ones seldom enough for the platform's limit on status calls. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 2000;
const PAUSE_GROWTH = 1.5;
const DEFAULT_OUTAGE_SECONDS = 60;

const RUNNING = 3;

export function waitForData(
  client: { dataSummary(modelId: number): Promise<DataSummary> },
  modelId: number,
  options: WaitOptions<DataSummary>,
): Promise<DataSummary> {
  return poll(
    () => client.dataSummary(modelId),
    ({ train, test }) => train.processing + test.processing === 0,
    options,
  );
}

export function waitForRun(
  client: { models: { get(id: number): Promise<ApiModel> } },
  modelId: number,
  options: WaitOptions<ApiModel>,
): Promise<ApiModel> {
  return poll(
    () => client.models.get(modelId),
    (model) => model.training_status !== RUNNING,
    options,
  );
}

async function poll<T>(look: () => Promise<T>, done: (state: T) => boolean, options: WaitOptions<T>): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS)) {
    const state = await throughOutages(async () => {
      const seen = await look();
      await options.onUpdate?.(seen);
      return seen;
    }, options);
    if (done(state)) return state;
    await delay(pauseMs, options.signal);
    options.signal?.throwIfAborted();
  }
}

async function throughOutages<T>(attempt: () => Promise<T>, options: WaitOptions<T>): Promise<T> {
  const clock = options.clock ?? systemClock;
  const giveUpAt = clock.now().getTime() + (options.outageSeconds ?? DEFAULT_OUTAGE_SECONDS) * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof PlatformUnreachable) || clock.now().getTime() > giveUpAt) throw error;
      await delay(LONGEST_PAUSE_MS, options.signal);
      options.signal?.throwIfAborted();
    }
  }
}
