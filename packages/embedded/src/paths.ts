import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where programs that were fetched or built once lie, outside any checkout: `$ATTUNE_CACHE_DIR` or `~/.cache/attune`. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const configured = env.ATTUNE_CACHE_DIR;
  return configured !== undefined && configured !== '' ? configured : join(homedir(), '.cache', 'attune');
}
