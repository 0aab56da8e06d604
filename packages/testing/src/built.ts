import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/;

/**
 * Throws when a folder's `dist` was made from other sources than its `src` holds: a test of the built program would try what is no
 * longer written. By the text that each file's source map keeps; times say nothing, as the build's cache leaves `dist` as it is.
 */
export function checkBuilt(directory: string): void {
  const sources = readdirSync(join(directory, 'src'), { recursive: true, encoding: 'utf8' });
  // What packages/tooling/swc.json leaves out.
  for (const file of sources.filter((name) => /(?<!\.test)\.ts$/.test(name) && !name.includes('test-support/'))) {
    const built = join(directory, 'dist', file.replace(/\.ts$/, '.js'));
    if (!existsSync(built) || !holds(built, readFileSync(join(directory, 'src', file), 'utf8')))
      throw new Error(`${built} is not of today's ${file}: npx pnpm@10 run build`);
  }
}

/** A file of types alone leaves an empty program, which keeps no text. */
function holds(built: string, source: string): boolean {
  const map = MAP.exec(readFileSync(built, 'utf8'))?.[1] ?? '';
  const { sources, sourcesContent } = JSON.parse(Buffer.from(map, 'base64').toString('utf8') || '{}') as {
    sources?: string[];
    sourcesContent?: string[];
  };
  return sources?.length === 0 || sourcesContent?.[0] === source;
}
