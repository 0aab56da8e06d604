import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

const projects = ['unit', 'integration', 'k8s'] as const;

/** One planted fault and the test that must notice it. Lives in `mutants/<invariant>-<slug>.mjs` as the default export. */
export interface Mutant {
  /** The file's name without its ending: `11-inbox-insert`. */
  name: string;
  /** Number of the invariant, as docs/guides/invariants.md lists them. */
  invariant: number;
  /** What the test proves, in one line. */
  statement: string;
  /** The source file that is changed, from the root of the repository. */
  file: string;
  /** Stands in `file` exactly once. */
  find: string;
  replace: string;
  /** The jest project of the test; `k8s` builds the tools of a cluster where they are not in the cache. */
  project: (typeof projects)[number];
  /** The test file, from the root of the repository. */
  test: string;
  /** Full name of the test that must fail: its describe blocks and its own name, joined by spaces. */
  assertion: string;
  /** Text of the failure, for a test whose assertion is not one of jest's `expect`. */
  failure?: string;
}

/** The folder of the mutants, from the root of the repository. */
export const MUTANTS = 'mutants';

const texts = ['statement', 'file', 'find', 'test', 'assertion'] as const;

/** All mutants of the repository at `root`, by invariant and name. Throws on a file that is not one, saying what is wrong. */
export async function readMutants(root: string): Promise<Mutant[]> {
  const files = (await readdir(join(root, MUTANTS))).filter((name) => name.endsWith('.mjs'));
  const mutants = await Promise.all(files.map((file) => readMutant(join(root, MUTANTS, file))));
  return mutants.sort((a, b) => a.invariant - b.invariant || (a.name < b.name ? -1 : 1));
}

async function readMutant(path: string): Promise<Mutant> {
  const name = basename(path, '.mjs');
  const { default: found } = (await import(path)) as { default?: unknown };
  const problem = problemOf(name, found);
  if (problem !== null) throw new Error(`${MUTANTS}/${name}.mjs: ${problem}`);
  return { ...(found as Omit<Mutant, 'name'>), name };
}

function problemOf(name: string, found: unknown): string | null {
  if (typeof found !== 'object' || found === null) return 'has no default export';
  const mutant = found as Record<string, unknown>;
  if (!Number.isInteger(mutant.invariant)) return 'invariant must be its number';
  if (!name.startsWith(`${String(mutant.invariant).padStart(2, '0')}-`))
    return 'its name must begin with its invariant';
  const missing = texts.filter((field) => typeof mutant[field] !== 'string' || mutant[field] === '');
  if (missing.length > 0) return `${missing.join(', ')} must be text`;
  if (typeof mutant.replace !== 'string' || mutant.replace === mutant.find)
    return 'replace must be another text than find';
  if (!projects.some((project) => project === mutant.project)) return `project must be one of ${projects.join(', ')}`;
  if (mutant.failure !== undefined && typeof mutant.failure !== 'string') return 'failure must be text';
  return null;
}

/** The changed source. Throws unless `find` stands there exactly once: elsewhere the mutant would change what it does not name. */
export async function mutate(
  root: string,
  { file, find, replace }: Mutant,
): Promise<{ before: string; after: string }> {
  const before = await readFile(join(root, file), 'utf8');
  const parts = before.split(find);
  if (parts.length !== 2) throw new Error(`the text to replace stands ${String(parts.length - 1)} times in ${file}`);
  return { before, after: parts.join(replace) };
}
