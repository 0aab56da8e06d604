import { scopes, type CostClass, type ErrorBody } from '@attune/contracts';
import { newId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { makeApiKey } from '../../api-keys/api-key';
import { matrixRows, registeredRoutes, undocumented, type MatrixRow } from '../../test-support/matrix';
import { archiveForm } from '../../test-support/archiving';
import { fillPath, routes } from '../../test-support/routes';
import { TestApi, type Answer, type CallOptions, type Tenant } from '../../test-support/test-api';
import { trainableModel } from '../../test-support/uploading';

/** What the wrong plan answers, by what a call costs. Total: a new class does not compile until it is decided here. */
const wrongPlan: Record<CostClass, string | null> = {
  status_check: null,
  change: null,
  model_creation: '402 PLAN_UPGRADE_REQUIRED',
  data_upload: null,
  training_start: '402 PLAN_UPGRADE_REQUIRED',
  transcription: null,
};

/** Paths of the listener that need no key at all. */
const open = ['GET /healthz', 'GET /healthz/live', 'GET /healthz/ready', 'GET /docs', 'GET /docs/'];
const isOpen = (route: string): boolean => open.includes(route) || route.startsWith('GET /docs/');

const rows = matrixRows();
const named = rows.map((row) => [row.id, row] as const);
const codeOf = ({ status, body }: Answer<ErrorBody>): string => `${String(status)} ${body.error_code}`;

let api: TestApi;
let mine: Place;
let theirs: Place;
/** On a plan that may not train, with a model and data from better days. */
let poor: Place;

/** An organization with something of everything that a path may name. */
interface Place {
  tenant: Tenant;
  modelId: number;
  /** By path parameter. */
  named: Record<string, string | number>;
}

beforeAll(async () => {
  api = await TestApi.start();
  mine = await placeOf(api.tenant);
  theirs = await placeOf(await api.addTenant());
  poor = await placeOf(await api.addTenant());
  await api.entitle(poor.tenant.organizationId, { plan: 'free', may_train: false, limits: { models: 0 }, revision: 2 });
});
afterAll(() => api.stop());

/** A model that was trained once, with its run, version and data, an archive and an upload; and a webhook with a delivery. */
async function placeOf(tenant: Tenant): Promise<Place> {
  const { key } = tenant;
  const modelId = await trainableModel(api, key);
  const model = `/api/v3/custom_models/${String(modelId)}`;
  const made = async <T>(path: string, options: CallOptions): Promise<Answer<T>> => {
    const answer = await api.call<T>('POST', path, { ...options, key });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
    return answer;
  };
  await made(`${model}/run`, { json: {} });
  await api.succeedRun(modelId);
  await eventually(async () => expect((await api.getModel(modelId, key)).training_status).toBe(4));
  const data = await api.call<{ result: { data_id: string }[] }>('GET', `${model}/data`, { key });
  const archive = await made<{ archive_id: string }>(`${model}/data/archives`, { body: archiveForm() });
  const upload = await made('/api/v3/uploads', { headers: { 'tus-resumable': '1.0.0', 'upload-length': '10' } });
  const hook = await made<{ id: string }>('/api/v3/webhooks', {
    json: { url: 'http://127.0.0.1:9/', events: ['run.failed'] },
  });
  const ping = await made<{ id: string }>(`/api/v3/webhooks/${hook.body.id}/ping`, { json: {} });
  const named = {
    id: modelId,
    run_id: (await api.lastRun(modelId)).id,
    number: 1,
    data_id: data.body.result[0]?.data_id ?? '',
    archive_id: archive.body.archive_id,
    webhook_id: hook.body.id,
    delivery_id: ping.body.id,
    upload_id: upload.headers.get('location')?.replace(/^.*\//, '') ?? '',
  };
  return { tenant, modelId, named };
}

/** What a path parameter names at a place. A parameter that is new has to be filled in above, with something that exists. */
function namedAt({ named }: Place, parameter: string): string | number {
  const value = named[parameter];
  if (value === undefined || value === '') throw new Error(`say in the matrix what :${parameter} names`);
  return value;
}

/** Of the right form, and nobody's. */
function nobodys(parameter: string): string | number {
  return parameter === 'id' || parameter === 'number' ? 999_999_999 : newId();
}

const call = (row: MatrixRow, key: string | null, valueOf: (parameter: string) => string | number) =>
  api.call(row.method, fillPath(row.path, valueOf), { ...row.body(), key });

async function keyThat(change: string): Promise<string> {
  const key = await api.addKey(mine.tenant.organizationId);
  await api.database.query('system', `UPDATE api_key SET ${change} WHERE public_id = $1`, [key.slice(7, 15)]);
  return key;
}

describe('the authorization matrix', () => {
  it('has every route that the server answers, and the server answers every route of the document', () => {
    const printed = (api.app.getHttpAdapter().getInstance() as { printRoutes(options: object): string }).printRoutes({
      commonPrefix: false,
    });
    const registered = registeredRoutes(printed).filter((route) => !isOpen(route) && !route.includes(' /admin/v1/'));
    expect(registered.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
    expect(rows).toHaveLength(routes.length);
  });

  describe.each(named)('%s', (_, row) => {
    const own = (parameter: string) => namedAt(mine, parameter);

    it('without a key: 401 MISSING_API_KEY', async () => {
      expect(codeOf(await call(row, null, own))).toBe('401 MISSING_API_KEY');
    });

    it('with a bad key: 401 INVALID_API_KEY', async () => {
      for (const key of ['junk', makeApiKey(), mine.tenant.key.slice(0, -1), 'attune_' + 'a'.repeat(46)])
        expect(codeOf(await call(row, key, own))).toBe('401 INVALID_API_KEY');
    });

    it('with a revoked key: 401 KEY_REVOKED', async () => {
      expect(codeOf(await call(row, await keyThat('revoked_at = now()'), own))).toBe('401 KEY_REVOKED');
    });

    it('with an expired key: 401 INVALID_API_KEY', async () => {
      const key = await keyThat(`expires_at = now() - interval '1 second'`);
      expect(codeOf(await call(row, key, own))).toBe('401 INVALID_API_KEY');
    });

    it.each(scopes)(
      'with a key of scope %s alone: refused by 403 unless it is the one that the route asks for',
      async (scope) => {
        const key = await api.addKey(mine.tenant.organizationId, [scope]);
        const answer = await call(row, key, nobodys);
        if (scope === row.operation['x-attune'].scope) expect([401, 403]).not.toContain(answer.status);
        else {
          expect(codeOf(answer)).toBe('403 INSUFFICIENT_SCOPE');
          expect(answer.body.details).toEqual({ required_scope: row.scope });
        }
      },
    );

    it('on the wrong plan: the code of what it costs, else what everybody gets', async () => {
      const expected = wrongPlan[row.costClass];
      const answer = await call(row, poor.tenant.key, (parameter) =>
        expected === null ? nobodys(parameter) : namedAt(poor, parameter),
      );
      if (expected === null) expect(answer.status).not.toBe(402);
      else expect(codeOf(answer)).toBe(expected);
    });

    it('for another tenant: exactly what a random id gets, whichever part of the path is theirs', async () => {
      // A version's number is no one's own: both models have a first.
      for (const foreign of row.parameters.filter((parameter) => parameter !== 'number')) {
        const before = row.parameters.slice(0, row.parameters.indexOf(foreign));
        const path = (last: (parameter: string) => string | number) => (parameter: string) =>
          before.includes(parameter) ? namedAt(mine, parameter) : last(parameter);
        const random = await call(row, mine.tenant.key, path(nobodys));
        const answer = await call(
          row,
          mine.tenant.key,
          path((parameter) => namedAt(theirs, parameter)),
        );
        expect(answer.status).toBe(404);
        expect(answer.body).toEqual(random.body);
        expect([...answer.headers.keys()].sort()).toEqual([...random.headers.keys()].sort());
      }
    });

    it('answers nothing that its schema does not have', async () => {
      const answer = await call(row, mine.tenant.key, (parameter) =>
        row.method === 'DELETE' ? nobodys(parameter) : namedAt(mine, parameter),
      );
      const { content, $ref } = row.operation.responses[String(answer.status)] ?? {};
      expect(row.operation.responses).toHaveProperty([String(answer.status)]);
      if ($ref !== undefined) expect(Object.keys(answer.body)).toEqual(expect.arrayContaining(['error', 'error_code']));
      else expect(undocumented(content?.['application/json']?.schema, answer.body)).toEqual([]);
    });
  });

  it('left everything of the other tenant as it was', async () => {
    const { key } = theirs.tenant;
    const { data_id: dataId, run_id: runId, upload_id: uploadId, webhook_id: webhookId } = theirs.named;
    expect(await api.getModel(theirs.modelId, key)).toMatchObject({ training_status: 4, name: 'Heart clinic' });
    const found = await api.database.query(
      'system',
      `SELECT (SELECT count(*) FROM data_item WHERE id = $1 AND data_type = 'train') AS items,
              (SELECT count(*) FROM run WHERE model_id = (SELECT model_id FROM run WHERE id = $2) AND state = 'succeeded') AS runs,
              (SELECT count(*) FROM resumable_upload WHERE id = $3) AS uploads,
              (SELECT count(*) FROM webhook WHERE id = $4 AND enabled AND previous_secret IS NULL) AS webhooks,
              (SELECT count(*) FROM webhook_delivery WHERE webhook_id = $4) AS deliveries`,
      [dataId, runId, uploadId, webhookId],
    );
    expect(found).toEqual([{ items: 1, runs: 1, uploads: 1, webhooks: 1, deliveries: 1 }]);
  });
});
