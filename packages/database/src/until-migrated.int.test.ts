import { createTestDatabase, type TestDatabase } from '@attune/testing';
import { migrate, untilMigrated, type Migration } from './index';

const init: Migration = { name: '0001-init', sql: 'CREATE TABLE thing (id int PRIMARY KEY);' };
const second: Migration = { name: '0002-more', sql: 'ALTER TABLE thing ADD COLUMN size int;' };

describe('untilMigrated', () => {
  let server: TestDatabase;
  beforeEach(async () => {
    server = await createTestDatabase({ schema: 'things', migrations: [init] });
  });
  afterEach(() => server.drop());

  const apply = (migrations: Migration[], schema = 'things', role = 'attune_things') =>
    migrate({
      ownerUrl: server.ownerUrl,
      schema,
      migrations,
      serviceRole: role,
      servicePassword: 'test-service-password',
    });
  const until = (migrations: Migration[], settings: { url?: string; schema?: string; timeoutMs?: number } = {}) => {
    const { url = server.url, schema = 'things', timeoutMs = 300 } = settings;
    return untilMigrated({ url, schema, migrations }, { timeoutMs });
  };

  it('lets a service start whose migrations are applied, and one of the release before', async () => {
    await until([init]);
    await apply([init, second]);
    await until([init]);
    await until([init, second]);
  });

  it('keeps a service of the next release waiting until its migrations are applied', async () => {
    await expect(until([init, second])).rejects.toThrow('0002-more is not applied');
    const waiting = until([init, second], { timeoutMs: 20_000 });
    await apply([init, second]);
    await waiting;
  });

  it('keeps a service of a new installation waiting until its role, its schema and its tables are made', async () => {
    const url = new URL(server.url);
    url.username = `attune_new_${String(process.pid)}`;
    const settings = { url: url.href, schema: 'new', timeoutMs: 20_000 };
    await expect(until([init], { ...settings, timeoutMs: 0 })).rejects.toThrow(/did not come/);
    const waiting = until([init], settings);
    await apply([init], 'new', url.username);
    await waiting;
  });

  it('says at once what no migration would change', async () => {
    const url = new URL(server.url);
    url.searchParams.set('options', '-c no_such_setting=1');
    await expect(until([init], { url: url.href, timeoutMs: 20_000 })).rejects.toThrow(
      /unrecognized configuration parameter/,
    );
  });
});
