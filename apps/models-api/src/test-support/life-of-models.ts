import fc from 'fast-check';
import type { ApiModel, ApiRun } from '@attune/contracts';
import type { TestApi } from './test-api';
import { uploadAccepted } from './uploading';

/** What a model should be, by the contract alone. */
interface Expected {
  id: number;
  status: 1 | 2 | 3 | 4 | 5;
  hasData: boolean;
  versions: number;
  /** How each run has ended, oldest first; the last one is live while the status is 3. */
  runs: ('live' | 'succeeded' | 'failed' | 'cancelled')[];
  /** Of the last run. */
  isCancelRequested: boolean;
  /** The last news of the live run. */
  sequence: number;
  isDeleted: boolean;
}

export interface World {
  models: Expected[];
}

/** The platform under test: instances of one API, and the trainer's voice. */
export interface Real {
  api: TestApi;
  urls: readonly string[];
}

type Step = (model: Expected, real: Real, url: string) => Promise<void>;

class OnModel implements fc.AsyncCommand<World, Real> {
  constructor(
    private readonly name: string,
    private readonly step: Step,
    private readonly which: number,
    private readonly instance: number,
  ) {}

  check({ models }: Readonly<World>): boolean {
    return models.length > 0;
  }

  async run({ models }: World, real: Real): Promise<void> {
    const model = models[this.which % models.length] as Expected;
    await this.step(model, real, real.urls[this.instance % real.urls.length] as string);
    await real.api.settled();
    for (const url of real.urls) await compare(model, real, url);
  }

  toString(): string {
    return `${this.name}(${String(this.which)}@${String(this.instance)})`;
  }
}

class Create implements fc.AsyncCommand<World, Real> {
  check(): boolean {
    return true;
  }

  async run({ models }: World, { api }: Real): Promise<void> {
    const { id } = await api.createModel();
    models.push({
      id,
      status: 1,
      hasData: false,
      versions: 0,
      runs: [],
      isCancelRequested: false,
      sequence: 0,
      isDeleted: false,
    });
  }

  toString(): string {
    return 'create';
  }
}

const path = (model: Expected, rest = ''): string => `/api/v3/custom_models/${String(model.id)}${rest}`;

async function answers(real: Real, method: string, url: string, expected: number): Promise<void> {
  const body = method === 'POST' ? { json: {} } : {};
  const { status, text } = await real.api.call(method, url, body);
  if (status !== expected)
    throw new Error(`${method} ${url} answered ${String(status)}, not ${String(expected)}: ${text}`);
}

/** An end that the trainer tells; without a live run it is stale, and the model stays as it is. */
function end(model: Expected, how: 'succeeded' | 'failed' | 'cancelled'): void {
  if (model.isDeleted || model.status !== 3) return;
  model.runs[model.runs.length - 1] = how;
  if (how === 'succeeded') model.versions += 1;
  if (how === 'failed') model.status = 5;
  else model.status = model.versions > 0 ? 4 : 2;
}

const steps: Record<string, Step> = {
  upload: async (model, { api }, url) => {
    if (model.isDeleted) return answers({ api, urls: [] }, 'GET', url + path(model), 404);
    await uploadAccepted(api, model.id);
    model.hasData = true;
    if (model.status === 1) model.status = 2;
  },
  start: async (model, real, url) => {
    const isAllowed = model.hasData && model.status !== 3;
    await answers(real, 'POST', url + path(model, '/run'), model.isDeleted ? 404 : isAllowed ? 200 : 409);
    if (model.isDeleted || !isAllowed) return;
    Object.assign(model, { status: 3, isCancelRequested: false, sequence: 0 });
    model.runs.push('live');
  },
  cancel: async (model, real, url) => {
    const isAllowed = model.status === 3 || model.isCancelRequested;
    await answers(real, 'POST', url + path(model, '/cancel'), model.isDeleted ? 404 : isAllowed ? 200 : 409);
    if (!model.isDeleted && model.status === 3) model.isCancelRequested = true;
  },
  remove: async (model, real, url) => {
    await answers(real, 'DELETE', url + path(model), model.isDeleted ? 404 : model.status === 3 ? 409 : 204);
    if (model.status !== 3) model.isDeleted = true;
  },
  fail: async (model, { api }) => {
    if (model.runs.length === 0 || model.isDeleted) return;
    await api.failRun(model.id, 'The audio is silent');
    end(model, 'failed');
  },
  complete: async (model, { api }) => {
    if (model.runs.length === 0 || model.isDeleted) return;
    await api.succeedRun(model.id);
    end(model, 'succeeded');
  },
  confirmCancel: async (model, { api }) => {
    if (model.runs.length === 0 || model.isDeleted || (model.status === 3 && !model.isCancelRequested)) return;
    await api.cancelRun(model.id);
    end(model, 'cancelled');
  },
  retry: async (model, { api }) => {
    if (model.runs.length === 0 || model.isDeleted) return;
    model.sequence += 1;
    await api.progressRun(model.id, { sequence: model.sequence, stage: 'training', progress: 50, eta_seconds: 60 });
  },
  expire: async (model, { api }) => {
    if (model.runs.length === 0 || model.isDeleted) return;
    model.sequence += 1;
    await api.progressRun(model.id, { sequence: model.sequence, stage: 'queued', progress: 0, eta_seconds: null });
  },
};

/** The API's view, and the database's: both are the model's. */
async function compare(model: Expected, { api }: Real, url: string): Promise<void> {
  const [row] = await api.database.query<{ status: number; runs: string[]; versions: number }>(
    'system',
    `SELECT status, coalesce((SELECT array_agg(state ORDER BY id) FROM run WHERE model_id = model.id), '{}') AS runs,
            (SELECT count(*) FROM version WHERE model_id = model.id) AS versions FROM model WHERE id = $1`,
    [model.id],
  );
  const answer = await api.call<ApiModel>('GET', url + path(model));
  if (model.isDeleted) {
    expect(answer.status).toBe(404);
    return;
  }
  expect(row).toEqual({ status: model.status, runs: model.runs, versions: model.versions });
  expect(answer.body.training_status).toBe(model.status);
  const { body } = await api.call<{ result: ApiRun[] }>('GET', url + path(model, '/runs'));
  const states = body.result.map(({ state }) => (['queued', 'running', 'cancelling'].includes(state) ? 'live' : state));
  expect(states.reverse()).toEqual(model.runs);
}

const which = fc.nat({ max: 2 });
const instance = fc.nat({ max: 2 });

/** Lives of up to a few models at once; every call goes to one of three instances. */
export const lives = fc.commands(
  [
    fc.constant(new Create()),
    ...Object.entries(steps).map(([name, step]) =>
      fc.tuple(which, instance).map(([w, i]) => new OnModel(name, step, w, i)),
    ),
  ],
  { maxCommands: 14 },
);

/** One life: it begins with a model that can be trained, so that most of its steps mean something. */
export async function live(commands: Iterable<fc.AsyncCommand<World, Real>>, real: Real): Promise<void> {
  const world: World = { models: [] };
  await new Create().run(world, real);
  const [first] = world.models;
  if (first) await steps['upload']?.(first, real, real.urls[0] ?? '');
  await fc.asyncModelRun(() => ({ model: world, real }), commands);
}
