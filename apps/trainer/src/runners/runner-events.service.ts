import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { Answer, RunnerEvent } from '../runner-protocol/protocol';
import { RunAnnouncements } from '../runs/run-announcements';
import type { FeedEntry } from '../runs/run-feed';
import { RunFeedRepository } from '../runs/run-feed.repository';
import type { Run, Stage } from '../runs/run';
import { RunsRepository } from '../runs/runs.repository';
import { Fence } from './fence';
import type { Start } from './start.guard';

/** Progress is stored with every batch; the other services hear of each new stage and each new percent, and else this often. */
const TELL_EVERY_MS = 2000;

/** What a runner reports while it works. */
@Injectable()
export class RunnerEventsService {
  constructor(
    private readonly fence: Fence,
    private readonly runs: RunsRepository,
    private readonly feed: RunFeedRepository,
    private readonly announcements: RunAnnouncements,
  ) {}

  /** Takes a batch once: one whose sequence has been seen changes nothing. */
  async record(start: Start, epoch: number, sequence: number, events: readonly RunnerEvent[]): Promise<Answer> {
    await this.fence.within(start, epoch, async (tx, run) => {
      if (sequence <= run.eventsSequence) return;
      await this.feed.append(tx, run, events.flatMap(toFeedEntry));
      const noted = await this.runs.change(tx, run, { eventsSequence: sequence });
      if (noted) await this.follow(tx, noted, events);
    });
    return { answer: 'continue' };
  }

  private async follow(tx: Tx, run: Run, events: readonly RunnerEvent[]): Promise<void> {
    const stage = events.flatMap((event) => (event.type === 'stage' ? event.stage : [])).at(-1) ?? run.stage;
    const progress = events.flatMap((event) => (event.type === 'progress' ? event : [])).at(-1);
    if (stage === run.stage && progress === undefined) return;
    const began = stage !== 'preparing' && run.state === 'preparing';
    const current = began ? await this.runs.move(tx, run, 'training', 'the engine is at work') : run;
    if (!current) return;
    const to = {
      stage,
      progress: progress?.progress ?? run.progress,
      etaSeconds: progress ? progress.eta_seconds : run.etaSeconds,
    };
    await this.announcements.progress(tx, current, to, isNews(run, to));
  }
}

function toFeedEntry(event: RunnerEvent): FeedEntry[] {
  if (event.type === 'log') return [{ ...event, at: new Date(event.time) }];
  if (event.type === 'metric') return [{ ...event, at: new Date(event.time), pass: event.epoch }];
  return [];
}

function isNews(run: Run, to: { stage: Stage; progress: number }): boolean {
  return to.stage !== run.stage || Math.floor(to.progress) > Math.floor(run.progress) || run.toldMsAgo >= TELL_EVERY_MS;
}
