import { feedEvent, type ApiFeedEvent, type ApiLogLine } from '@attune/contracts';
import { delay, systemClock, type Clock } from '@attune/kernel';
import { PlatformUnreachable, UnexpectedAnswer } from './errors';
import type { Transport } from './transport';

export interface FollowOptions {
  /** Where to begin: the cursor of an event that was seen. Default: the beginning. */
  cursor?: string;
  /** This level and all above it; default all. */
  level?: ApiLogLine['level'];
  /** Seconds without a connection after which following gives up: a restart of the platform is no reason to. Default 60. */
  outageSeconds?: number;
  clock?: Clock;
}

const RECONNECT_MS = 1000;
const DEFAULT_OUTAGE_SECONDS = 60;
const OK = 200;

/** Everything that happened after the cursor, then everything as it happens, each once, until no run is live any more. */
export async function* follow(
  transport: Transport,
  modelPath: string,
  { cursor, level, outageSeconds = DEFAULT_OUTAGE_SECONDS, clock = systemClock }: FollowOptions,
): AsyncGenerator<ApiFeedEvent, void> {
  const path = `${modelPath}/events${level === undefined ? '' : `?level=${level}`}`;
  let last = cursor;
  let seenAt = clock.now().getTime();
  for (;;) {
    try {
      const messages = await transport.stream(path, last === undefined ? {} : { 'last-event-id': last });
      if (messages === null) return;
      for await (const { event, data } of messages) {
        if (event === 'end') return;
        const told = parseEvent(data);
        last = told.cursor;
        seenAt = clock.now().getTime();
        yield told;
      }
      seenAt = clock.now().getTime();
    } catch (error) {
      const isOver = clock.now().getTime() - seenAt > outageSeconds * 1000;
      if (!(error instanceof PlatformUnreachable) || isOver) throw error;
    }
    await delay(RECONNECT_MS, transport.signal);
    transport.signal?.throwIfAborted();
  }
}

function parseEvent(data: string): ApiFeedEvent {
  const parsed = feedEvent.safeParse(JSON.parse(data));
  if (parsed.success) return parsed.data;
  throw new UnexpectedAnswer(OK, parsed.error.issues.map((issue) => issue.path.join('.')).join(', '));
}
