import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createLogger } from '@attune/observability';
import { temporaryDirectory } from '@attune/testing';
import { PlatformModule } from './platform.module';

const logger = createLogger('test', 'silent');

describe('what a service stands on', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await temporaryDirectory('platform');
  });
  afterAll(() => rm(directory, { recursive: true }));

  const start = (storeDirectory: string): Promise<INestApplicationContext> => {
    const signingSecret = 's'.repeat(32);
    const store = { kind: 'filesystem', directory: storeDirectory, signingSecret, publicBaseUrl: 'http://x' } as const;
    const module = PlatformModule.forRoot({ store, logger });
    return NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  };

  it('has a store that can be used from the first moment', async () => {
    const folder = join(directory, 'deep', 'store');
    const app = await start(folder);
    await access(folder);
    await app.close();
  });

  it('does not start on a store that cannot be used, and says why', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(start(join(file, 'store'))).rejects.toThrow('ENOTDIR');
  });
});
