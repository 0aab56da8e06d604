import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { AppError, delay, messageOf, type ModelId, type OrganizationId } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { LOGGER } from '@attune/service';
import { modelNotFound } from '../models/model.errors';
import { RunHistoryRepository } from '../runs/run-history.repository';
import { fromLevel, type FeedEvent, type FeedPosition, type FeedSignal, type Level } from './feed';
import { streamsExhausted, tooManyStreams } from './feed.errors';
import { TrainingFeed } from './feed.service';

const POLL_MS = 500;
const HEARTBEAT_MS = 15_000;
const BATCH = 500;
const STREAMS_PER_ORGANIZATION = 20;
const STREAMS = 500;
/** A client that is still there comes back with its last cursor; one that only holds the connection does not. */
const LONGEST_MS = 30 * 60_000;

export interface FollowRequest {
  organizationId: OrganizationId;
  modelId: ModelId;
  after: FeedPosition;
  level: Level;
  /** The client says that it was here before: when there is nothing new to come, it is told to stay away. */
  isResumed: boolean;
  /** Rejects once the client's key no longer holds. */
  checkKey: () => Promise<void>;
}

/** A client that follows a feed. Whoever serves it calls `close` when the client has gone, and lets it go when `signal` is aborted: the signals end then. */
export interface Following {
  signals: AsyncGenerator<FeedSignal, void>;
  signal: AbortSignal;
  close: () => void;
}

/**
 * Follows feeds for clients: all that happened after their cursor, then everything as it happens, until no run is live. Nothing is kept here
 * for a client, so any instance goes on where another one stopped.
 */
@Injectable()
export class FeedStreamsService implements BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private readonly open = new Map<OrganizationId, number>();

  constructor(
    private readonly history: RunHistoryRepository,
    private readonly feed: TrainingFeed,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Null when there is nothing left to follow. Throws MODEL_NOT_FOUND, RATE_LIMIT_EXCEEDED for an organization with too many streams,
   * SERVICE_UNAVAILABLE when this instance has too many, or the trainer does not answer a client that comes back.
   */
  async follow(request: FollowRequest): Promise<Following | null> {
    const isLive = await this.isLive(request);
    if (request.isResumed && !isLive && (await this.next(request, request.after)).length === 0) return null;
    const giveBack = this.takeSlot(request.organizationId);
    const left = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, left.signal, AbortSignal.timeout(LONGEST_MS)]);
    const close = (): void => {
      left.abort();
      giveBack();
    };
    return { signals: this.signals(request, signal), signal, close };
  }

  beforeApplicationShutdown(): void {
    this.stopping.abort();
  }

  /** Answers how to give it back; more than once does nothing. */
  private takeSlot(organizationId: OrganizationId): () => void {
    const own = this.open.get(organizationId) ?? 0;
    if (own >= STREAMS_PER_ORGANIZATION) throw tooManyStreams(STREAMS_PER_ORGANIZATION);
    if ([...this.open.values()].reduce((sum, count) => sum + count, 0) >= STREAMS) throw streamsExhausted();
    this.open.set(organizationId, own + 1);
    let isTaken = true;
    return () => {
      const left = (this.open.get(organizationId) ?? 0) - 1;
      if (!isTaken) return;
      isTaken = false;
      if (left > 0) this.open.set(organizationId, left);
      else this.open.delete(organizationId);
    };
  }

  private async *signals(request: FollowRequest, signal: AbortSignal): AsyncGenerator<FeedSignal, void> {
    let { after } = request;
    let quietMs = 0;
    yield { kind: 'begin' };
    while (!signal.aborted) {
      const step = await this.step(request, after);
      if (step === 'refused') return;
      if (step === 'ended') {
        yield { kind: 'end' };
        return;
      }
      for (const event of step) {
        after = event.position;
        yield { kind: 'event', event };
      }
      quietMs = step.length > 0 ? 0 : quietMs + POLL_MS;
      if (quietMs >= HEARTBEAT_MS) {
        yield { kind: 'heartbeat' };
        quietMs = 0;
      }
      if (step.length < BATCH) await delay(POLL_MS, signal);
    }
  }

  /** What came next; `ended` when nothing will, `refused` when the key no longer holds or the model is gone. */
  private async step(request: FollowRequest, after: FeedPosition): Promise<FeedEvent[] | 'ended' | 'refused'> {
    try {
      await request.checkKey();
      // Asked first: what the run told before its end is in the feed by then.
      const isLive = await this.isLive(request);
      const events = await this.next(request, after);
      return events.length === 0 && !isLive ? 'ended' : events;
    } catch (error) {
      if (error instanceof AppError && error.kind !== 'unavailable') return 'refused';
      // The trainer or PostgreSQL is away; the client loses nothing by waiting.
      this.logger.warn(`event stream: ${messageOf(error)}`);
      return [];
    }
  }

  private async isLive({ organizationId, modelId }: FollowRequest): Promise<boolean> {
    const isLive = await this.history.isLive(organizationId, modelId);
    if (isLive === null) throw modelNotFound();
    return isLive;
  }

  private async next({ organizationId, modelId, level }: FollowRequest, after: FeedPosition): Promise<FeedEvent[]> {
    const request = { after, levels: fromLevel(level), limit: BATCH, withTotal: false };
    return (await this.feed.list(organizationId, modelId, request)).events;
  }
}
