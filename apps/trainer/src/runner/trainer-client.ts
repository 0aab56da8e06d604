import type { z } from 'zod';
import { delay, messageOf } from '@attune/kernel';
import {
  answer,
  claimReply,
  MAX_URLS,
  runnerPath,
  urlsReply,
  type CheckpointRecord,
  type ClaimReply,
  type Completion,
  type ReadSource,
  type RunnerCall,
  type RunnerEvent,
  type RunnerFailure,
  type SignedWrite,
  type WriteTarget,
} from '../runner-protocol/protocol';
import { RunFault, Stopped } from './run-errors';

const CALL_TIMEOUT_MS = 30_000;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2000;

export interface TrainerClientSettings {
  trainerUrl: string;
  runId: string;
  start: number;
  token: string;
  /** Aborted when the lease is lost: no call is tried again after that. */
  signal: AbortSignal;
}

/** Speaks the runner protocol. A trainer that is away is asked again until the lease is lost; an answer of `stop` throws Stopped. */
export class TrainerClient {
  private epoch = 0;

  constructor(private readonly settings: TrainerClientSettings) {}

  /** Also given up, with Stopped, when the runner is asked to end: it has nothing to save yet. */
  async claim(owner: string, ending: AbortSignal): Promise<ClaimReply> {
    const signal = AbortSignal.any([this.settings.signal, ending]);
    const reply = await this.call('claim', { owner }, claimReply, signal);
    this.epoch = reply.epoch;
    return reply;
  }

  /** One try only: the next heartbeat comes soon enough. */
  async heartbeat(timeoutMs: number): Promise<void> {
    await this.callOnce('heartbeat', { epoch: this.epoch }, answer, timeoutMs, this.settings.signal);
  }

  async report(sequence: number, events: readonly RunnerEvent[]): Promise<void> {
    await this.call('events', { epoch: this.epoch, sequence, events }, answer);
  }

  async signReads(reads: readonly ReadSource[]): Promise<string[]> {
    const urls: string[] = [];
    for (let at = 0; at < reads.length; at += MAX_URLS) {
      const body = { epoch: this.epoch, reads: reads.slice(at, at + MAX_URLS), writes: [] };
      urls.push(...(await this.call('urls', body, urlsReply)).reads);
    }
    return urls;
  }

  async signWrites(writes: readonly WriteTarget[]): Promise<SignedWrite[]> {
    return (await this.call('urls', { epoch: this.epoch, reads: [], writes }, urlsReply)).writes;
  }

  async commitCheckpoint(checkpoint: CheckpointRecord): Promise<void> {
    await this.call('checkpoint', { epoch: this.epoch, ...checkpoint }, answer);
  }

  async complete(completion: Completion): Promise<void> {
    await this.call('complete', { epoch: this.epoch, ...completion }, answer);
  }

  async fail(failure: RunnerFailure): Promise<void> {
    await this.call('fail', { epoch: this.epoch, ...failure }, answer);
  }

  private async call<T>(
    call: RunnerCall,
    body: object,
    reply: z.ZodType<T>,
    signal: AbortSignal = this.settings.signal,
  ): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.callOnce(call, body, reply, CALL_TIMEOUT_MS, signal);
      } catch (error) {
        if (signal.aborted) throw new Stopped(`${call} is given up: ${messageOf(error)}`);
        if (error instanceof Stopped || error instanceof RunFault) throw error;
        await delay(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt), signal);
      }
    }
  }

  /** Throws Stopped, RunFault for a call that the trainer does not accept (a mistake of ours), or an Error worth another try. */
  private async callOnce<T>(
    call: RunnerCall,
    body: object,
    reply: z.ZodType<T>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<T> {
    const { trainerUrl, runId, start, token } = this.settings;
    const response = await fetch(`${trainerUrl}${runnerPath(runId, start, call)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(timeoutMs))]),
    });
    const text = await response.text();
    if (response.status === 409) throw new Stopped('the trainer answers: stop');
    if (response.status === 401) throw new Stopped('the trainer does not know this token');
    if (response.status >= 400 && response.status < 500) {
      throw new RunFault('engine', 'The training program and the platform do not understand each other.', {
        cause: new Error(`${call}: ${String(response.status)} ${text}`),
      });
    }
    if (!response.ok) throw new Error(`${call}: ${String(response.status)} ${text}`);
    return reply.parse(JSON.parse(text));
  }
}
