import 'reflect-metadata';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { baseModelKey, baseModelKeys } from '@attune/contracts';
import { messageOf } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { storeFromConfig } from '@attune/storage';
import { readBaseFolder, storeBase } from './base-models/base-folder';
import { BaseModelsRepository } from './base-models/base-models.repository';
import { BaseModelsService } from './base-models/base-models.service';
import { withDatabase } from './platform/with-database';
import { readRegisterBaseEnv } from './env';

const USAGE = `usage: register-base FOLDER --keys ${baseModelKeys.join(',')} [--adapted] [--accelerator NAME]

Puts a base folder into the store and makes the base models named by --keys serve it. --adapted says that the weights
were made for these domains; without it they are general ones. --accelerator names what the trainer's settings call the
hardware that these base models are trained on (gpu-large, mig-3g.40gb, ...). Running it again changes nothing.`;

interface Arguments {
  folder: string;
  keys: string[];
  adapted: boolean;
  accelerator: string | null;
}

/** Throws an Error that says how it is used. */
function readArguments(args: string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        keys: { type: 'string' },
        adapted: { type: 'boolean', default: false },
        accelerator: { type: 'string' },
      },
    });
    const [folder, ...rest] = positionals;
    if (folder === undefined || rest.length > 0) throw new Error('give exactly one folder');
    const keys = baseModelKey
      .array()
      .min(1)
      .parse((values.keys ?? '').split(','));
    return { folder: resolve(folder), keys, adapted: values.adapted, accelerator: values.accelerator ?? null };
  } catch (error) {
    throw new Error(`${messageOf(error)}\n\n${USAGE}`, { cause: error });
  }
}

async function main(): Promise<void> {
  const { folder, keys, adapted, accelerator } = readArguments(process.argv.slice(2));
  const env = readRegisterBaseEnv();
  const logger = createLogger('register-base', env.logLevel);
  const store = storeFromConfig(env.store);
  await store.prepare();
  const base = await readBaseFolder(folder);
  const stored = await storeBase(store, folder, base);
  await withDatabase(env.databaseUrl, 'register-base', async (database) => {
    const service = new BaseModelsService(database, new BaseModelsRepository());
    await service.register(base, keys, new Set(adapted ? keys : []), accelerator);
  });
  logger.info({ digest: base.digest, keys, files_stored: stored }, `registered ${base.name}`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
