import type { ApiFeedEvent, ApiFeedPage } from '@attune/contracts';
import type { FeedEvent, RequestOf } from '@attune/events';
import { newId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { TestApi } from '../../test-support/test-api';
import { runningModel } from '../../test-support/uploading';

/** The trainer's feed of every model, as it stands now. */
let feed: FeedEvent[] = [];
let asked: RequestOf<'training.list-events'>[] = [];
let api: TestApi;
const runId = newId();

beforeAll(async () => {
  api = await TestApi.start();
  api.rpcOf('training').serve('training.list-events', (request) => {
    asked.push(request);
    const events = feed.filter(({ level }) => request.levels.includes(level));
    const page = events.filter(({ position }) => position > request.after).slice(0, request.limit);
    return Promise.resolve({ total: request.with_total ? events.length : null, events: page });
  });
});
afterAll(() => api.stop());
beforeEach(() => {
  feed = [];
  asked = [];
});

const base = (position: number) => ({
  position,
  timestamp: '2025-01-16T08:00:00.000Z',
  level: 'info' as const,
  run_id: runId,
  stage: 'training',
});
const log = (position: number, level: 'info' | 'warning' | 'error' = 'info'): FeedEvent => ({
  ...base(position),
  level,
  type: 'log',
  message: `line ${String(position)}\nof two`,
});
const metric = (position: number): FeedEvent => ({
  ...base(position),
  type: 'metric',
  name: 'train_loss',
  value: 0.25,
  step: position,
  epoch: 1,
});
const state = (position: number): FeedEvent => ({ ...base(position), type: 'state', state: 'training', message: null });

const path = (id: number, query = '') => `/api/v3/custom_models/${String(id)}/events${query}`;
const page = (id: number, query = '') => api.call<ApiFeedPage>('GET', path(id, query));

interface Received {
  id: string;
  event: string;
  data: ApiFeedEvent;
}

/** A client of the event stream, as EventSource reads it. */
class Follower {
  readonly received: Received[] = [];
  comments = 0;
  isOver = false;
  private readonly leaving = new AbortController();

  static async on(id: number, headers: Record<string, string> = {}, at = api.url): Promise<Follower> {
    const follower = new Follower();
    const response = await fetch(`${at}${path(id)}`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${api.tenant.key}`, ...headers },
      signal: follower.leaving.signal,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    void follower.read(response).catch(() => undefined);
    return follower;
  }

  leave(): void {
    this.leaving.abort();
  }

  private async read(response: Response): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.take(block);
      }
    } finally {
      this.isOver = true;
    }
  }

  private take(block: string): void {
    const fields = new Map(block.split('\n').map((line) => [line.split(': ')[0] ?? '', line.replace(/^[^:]*: /, '')]));
    const event = fields.get('event');
    if (event === undefined) this.comments += 1;
    else {
      const data = JSON.parse(fields.get('data') ?? '') as ApiFeedEvent;
      this.received.push({ id: fields.get('id') ?? '', event, data });
    }
  }
}

describe('GET /api/v3/custom_models/{id}/events answers 200', () => {
  it('with log lines, measured values and changes of state, oldest first, and a cursor for what comes next', async () => {
    const { id } = await api.createModel();
    feed = [state(1), log(2), metric(3)];
    const { status, body } = await page(id);
    expect(status).toBe(200);
    expect(body).toMatchObject({ count: 3, total_results: 3 });
    expect(body.result.map(({ type }) => type)).toEqual(['state', 'log', 'metric']);
    expect(body.result[2]).toMatchObject({ name: 'train_loss', value: 0.25, step: 3, epoch: 1, run_id: runId });
    expect(body.next_cursor).toBe(body.result[2]?.cursor);
    feed.push(log(4));
    const next = (await page(id, `?cursor=${body.next_cursor}`)).body;
    expect(next.result.map((event) => event.type === 'log' && event.message)).toEqual(['line 4\nof two']);
    expect((await page(id, `?cursor=${next.next_cursor}`)).body).toMatchObject({
      count: 0,
      result: [],
      next_cursor: next.next_cursor,
    });
  });

  it('page by page with everything once', async () => {
    const { id } = await api.createModel();
    feed = Array.from({ length: 25 }, (_, i) => log(i + 1));
    const seen: ApiFeedEvent[] = [];
    for (let query = '?limit=10'; ;) {
      const { body } = await page(id, query);
      if (body.count === 0) break;
      seen.push(...body.result);
      query = `?limit=10&cursor=${body.next_cursor}`;
    }
    expect(new Set(seen.map(({ cursor }) => cursor)).size).toBe(25);
  });

  it('with what is as severe as the level asked for, or more', async () => {
    const { id } = await api.createModel();
    feed = [log(1), log(2, 'warning'), log(3, 'error'), metric(4)];
    const levelsOf = async (level: string) =>
      (await page(id, `?level=${level}`)).body.result.map((event) => event.level);
    expect(await levelsOf('info')).toEqual(['info', 'warning', 'error', 'info']);
    expect(await levelsOf('warning')).toEqual(['warning', 'error']);
    expect(await levelsOf('error')).toEqual(['error']);
  });

  it('and asks the trainer for the tenant’s own model', async () => {
    const { id } = await api.createModel();
    await page(id);
    expect(asked).toMatchObject([{ organization_id: api.tenant.organizationId, model_id: id, after: 0, limit: 100 }]);
  });
});

describe('its event stream', () => {
  it('tells what happened and then what happens, and ends when the run does', async () => {
    const id = await runningModel(api);
    feed = [state(1), log(2)];
    const follower = await Follower.on(id);
    await eventually(() => expect(follower.received).toHaveLength(2));
    feed.push(metric(3), log(4, 'error'));
    await eventually(() => expect(follower.received).toHaveLength(4));
    const cursors = (await page(id)).body.result.map(({ cursor }) => cursor);
    expect(follower.received.map(({ id: cursor }) => cursor)).toEqual(cursors);
    expect(follower.received.map(({ event }) => event)).toEqual(['state', 'log', 'metric', 'log']);
    expect(follower.received[1]?.data).toMatchObject({ message: 'line 2\nof two' });
    await api.failRun(id, 'The audio is silent');
    await eventually(() => expect(follower.isOver).toBe(true));
    expect(follower.received.at(-1)).toMatchObject({ event: 'end', data: {} });
  });

  it('goes on after the last event that a client has, on another instance too', async () => {
    const id = await runningModel(api);
    feed = [log(1), log(2), log(3)];
    const first = await Follower.on(id);
    await eventually(() => expect(first.received).toHaveLength(3));
    first.leave();
    feed.push(log(4));
    const again = await Follower.on(id, { 'last-event-id': first.received[1]?.id ?? '' }, await api.addReplica());
    await eventually(() => expect(again.received).toHaveLength(2));
    expect(again.received.map(({ data }) => data.type === 'log' && data.message)).toEqual([
      'line 3\nof two',
      'line 4\nof two',
    ]);
    again.leave();
  });

  it('sends nobody back who has seen everything of a run that is over: 204, so that EventSource stops', async () => {
    const { id } = await api.createModel();
    feed = [log(1)];
    const { next_cursor } = (await page(id)).body;
    const answer = await api.call('GET', path(id), {
      headers: { accept: 'text/event-stream', 'last-event-id': next_cursor },
    });
    expect([answer.status, answer.text]).toEqual([204, '']);
  });

  it('stops asking the trainer when the client has left', async () => {
    const id = await runningModel(api);
    const follower = await Follower.on(id);
    await eventually(() => expect(asked.length).toBeGreaterThan(1));
    follower.leave();
    await eventually(
      async () => {
        const before = asked.length;
        await new Promise((resolve) => setTimeout(resolve, 1200));
        expect(asked.length).toBe(before);
      },
      { timeoutMs: 30_000 },
    );
  });

  it('ends within moments when the key is revoked', async () => {
    const id = await runningModel(api);
    const key = await api.addKey(api.tenant.organizationId);
    const follower = await Follower.on(id, { authorization: `Bearer ${key}` });
    await eventually(() => expect(follower.comments).toBe(1));
    await api.database.query('system', `UPDATE api_key SET revoked_at = now() WHERE public_id = $1`, [
      key.slice(7, 15),
    ]);
    await eventually(() => expect(follower.isOver).toBe(true));
    expect(follower.received.some(({ event }) => event === 'end')).toBe(false);
  });

  it('lets an instance end at once, whoever is connected', async () => {
    const id = await runningModel(api);
    const url = await api.addReplica();
    const follower = await Follower.on(id, {}, url);
    await eventually(() => expect(follower.comments).toBe(1));
    await api.removeReplica();
    await eventually(() => expect(follower.isOver).toBe(true));
    expect(follower.received.some(({ event }) => event === 'end')).toBe(false);
  });

  it('is for a bounded number of clients of one organization: 429 above it', async () => {
    const tenant = await api.addTenant();
    const { id } = await api.createModel({}, tenant.key);
    const own = await runningModel(api, tenant.key);
    const followers = await Promise.all(
      Array.from({ length: 20 }, () => Follower.on(own, { authorization: `Bearer ${tenant.key}` })),
    );
    const headers = { accept: 'text/event-stream' };
    const refused = await api.call('GET', path(own), { key: tenant.key, headers });
    expect([refused.status, refused.body.error_code]).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
    for (const follower of followers) follower.leave();
    await eventually(async () =>
      expect((await api.call('GET', path(id), { key: tenant.key, headers })).status).toBe(200),
    );
  });
});
