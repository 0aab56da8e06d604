import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toNamedLimits, unlimited, type OrganizationId } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import { eventually, temporaryDirectory } from '@attune/testing';
import { ApiKeysService } from '../api-keys/api-keys.service';
import { TestApi } from '../test-support/test-api';
import { BootstrapService } from './bootstrap.service';
import { OrganizationsRepository } from './organizations.repository';
import { OrganizationsService } from './organizations.service';

let api: TestApi;
let directory: string;
let keyFile: string;
beforeAll(async () => {
  api = await TestApi.start();
  directory = await temporaryDirectory('bootstrap');
  keyFile = join(directory, 'attune', 'api-key');
  // Billing's part: an organization that is announced gets its entitlements.
  const answered = new Set<string>();
  const billing = setInterval(() => {
    for (const { data } of api.sent('models.organization-created.v2')) {
      if (answered.has(data.organization_id)) continue;
      answered.add(data.organization_id);
      void api.entitle(data.organization_id as OrganizationId, {
        plan: data.plan,
        minimum_training_ms: data.minimum_training_ms ?? 18_000_000,
        limits: { live_runs: 10, ...data.limits },
        limit_overrides: data.limits,
      });
    }
  }, 50);
  stopBilling = () => clearInterval(billing);
});
let stopBilling: () => void = () => undefined;
afterAll(async () => {
  stopBilling();
  await api.stop();
  await rm(directory, { recursive: true, force: true });
});

function bootstrap(file = keyFile, waitMs = 60_000) {
  const apiKeys = api.app.get(ApiKeysService);
  const organizations = new OrganizationsService(
    api.database,
    new Outbox('models'),
    new OrganizationsRepository(),
    apiKeys,
  );
  return new BootstrapService(organizations, apiKeys).bootstrap({ keyFile: file, minimumTrainingMs: 60_000, waitMs });
}

const readKey = async (): Promise<string> => (await readFile(keyFile, 'utf8')).trim();

describe('the bootstrap command', () => {
  it('makes an organization that may train, and a key with every scope that only its owner can read', async () => {
    expect((await bootstrap()).isNewKey).toBe(true);
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    const rows = await api.database.query(
      'system',
      `SELECT plan, may_train, minimum_training_ms FROM organization WHERE bootstrap`,
    );
    expect(rows).toEqual([{ plan: 'enterprise', may_train: true, minimum_training_ms: 60_000 }]);
    const key = await readKey();
    expect((await api.call('GET', '/api/v3/custom_models', { key })).status).toBe(200);
    expect((await api.createModel({}, key)).training_status).toBe(1);
  });

  it('throttles nobody on their own machine: no request, creation, start, status or upload limit', async () => {
    const [event] = api.sent('models.organization-created.v2');
    const asked = Object.entries(event?.data.limits ?? {}).filter(([, limit]) => limit === null);
    expect(asked.map(([name]) => name).sort()).toEqual([
      'concurrent_requests',
      'data_uploads_per_hour',
      'model_creations_per_hour',
      'requests_per_day',
      'requests_per_hour',
      'requests_per_minute',
      'status_checks_per_minute',
      'training_starts_per_hour',
    ]);
    const [row] = await api.database.query<{ limits: object }>(
      'system',
      `SELECT limits FROM organization WHERE bootstrap`,
    );
    expect(row?.limits).toEqual({ ...toNamedLimits(unlimited), live_runs: 10 });
  });

  it('changes nothing when it is run again', async () => {
    const before = await readKey();
    expect((await bootstrap()).isNewKey).toBe(false);
    expect(await readKey()).toBe(before);
  });

  it('makes a new key, and no second organization, when the file is lost or holds something else', async () => {
    await rm(keyFile);
    const first = await bootstrap();
    await writeFile(keyFile, 'attune_junk');
    await chmod(keyFile, 0o644);
    const second = await bootstrap();
    expect([first.isNewKey, second.isNewKey]).toEqual([true, true]);
    expect(second.organizationId).toBe(first.organizationId);
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect((await api.call('GET', '/api/v3/custom_models', { key: await readKey() })).status).toBe(200);
  });

  it('makes one organization however many run at once', async () => {
    await Promise.all(Array.from({ length: 4 }, (_, n) => bootstrap(join(directory, `key-${String(n)}`))));
    expect(await api.database.query('system', 'SELECT 1 FROM organization WHERE bootstrap')).toHaveLength(1);
  });

  it('says what is missing when billing says nothing', async () => {
    stopBilling();
    await api.database.query('system', 'UPDATE organization SET entitlements_revision = 0 WHERE bootstrap');
    await expect(bootstrap(keyFile, 300)).rejects.toThrow(/billing/);
    await eventually(() => expect(api.sent('models.organization-created.v2').length).toBeGreaterThan(1));
  });
});
