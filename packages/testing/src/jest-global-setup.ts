import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// By path, not by name: jest's module mapping does not apply to this file, and nothing has to be built for tests.
import { startPostgres, type EmbeddedPostgres } from '../../embedded/src';

declare global {
  var attuneTestPostgres: { server: EmbeddedPostgres; directory: string } | undefined;
}

/** One PostgreSQL cluster for the whole run; each test file makes databases of its own in it. */
export default async function setup(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'attune-test-postgres-'));
  await chmod(directory, 0o711);
  const server = await startPostgres({ directory, durable: false, settings: { max_connections: '400' } });
  globalThis.attuneTestPostgres = { server, directory };
  process.env.ATTUNE_TEST_POSTGRES_URL = server.url;
}
