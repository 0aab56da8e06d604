import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** The engine program that the tests train with: packages/engine-protocol/test-engine. */
export const SCRIPTED_ENGINE = join(
  __dirname,
  '..',
  '..',
  '..',
  '..',
  'packages',
  'engine-protocol',
  'test-engine',
  'engine.mjs',
);

export const BASE_FOLDER_FILES = [
  'base.json',
  'transformers/config.json',
  'transformers/model.safetensors',
  'ctranslate2/config.json',
  'ctranslate2/model.bin',
] as const;

export interface BaseFile {
  path: string;
  key: string;
  bytes: number;
  sha256: string;
}

/** Makes the scripted engine's base folder; answers its digest. */
export function makeScriptedBase(directory: string): string {
  const printed = execFileSync(process.execPath, [SCRIPTED_ENGINE, 'base', 'default', '--output', directory], {
    encoding: 'utf8',
  });
  return (JSON.parse(printed) as { digest: string }).digest;
}
