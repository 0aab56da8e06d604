import { Readable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { baseKey, type ObjectStore } from '@attune/storage';
import { BaseModelsService } from '../base-models/base-models.service';

/** A base of a few files in the catalogue, under the keys that tests train from. */
export async function registerBase(app: NestFastifyApplication, store: ObjectStore, digest: string): Promise<void> {
  const files = [];
  for (const path of ['base.json', 'transformers/model.safetensors', 'ctranslate2/model.bin']) {
    const key = baseKey(digest, path);
    files.push({ path, key, ...(await store.put(key, Readable.from([path]))) });
  }
  const base = {
    digest,
    name: 'Tiny',
    engine: 'whisper',
    languages: ['en'],
    source: 'test',
    licence: 'MIT',
  };
  const catalogue = app.get(BaseModelsService);
  await catalogue.register({ ...base, location: 'bases', files }, ['general', 'medical'], new Set());
}
