import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '@attune/embedded';
import { z } from 'zod';
import type { Settings } from './env';

/** The engine program that comes with the platform. */
export function builtInEngine(root: string): string {
  return join(root, 'apps', 'engine-whisper', 'bin', 'engine-whisper');
}

/**
 * The base folder of the local catalogue: the one that was named, or the pinned Whisper tiny.en, which the engine fetches
 * and converts once into the cache.
 */
export async function prepareBase(root: string, settings: Settings): Promise<string> {
  if (settings.base !== undefined) return settings.base;
  const directory = join(settings.cache, 'bases', 'whisper-tiny.en');
  if (!existsSync(join(directory, 'base.json'))) {
    mkdirSync(join(settings.cache, 'bases'), { recursive: true });
    await run(builtInEngine(root), ['base', 'default', '--output', directory]);
  }
  return directory;
}

/** Which engine a base folder is for, as its base.json says. */
export function engineOf(base: string): string {
  const described: unknown = JSON.parse(readFileSync(join(base, 'base.json'), 'utf8'));
  return z.object({ engine: z.string() }).parse(described).engine;
}
