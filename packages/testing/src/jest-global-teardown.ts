import { rm } from 'node:fs/promises';

export default async function teardown(): Promise<void> {
  const running = globalThis.attuneTestPostgres;
  if (!running) return;
  await running.server.stop();
  await rm(running.directory, { recursive: true, force: true });
}
