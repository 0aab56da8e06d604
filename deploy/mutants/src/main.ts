import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readMutants, type Mutant } from './mutant';
import { readResults, renderTable, TABLE } from './table';
import type { Verdict } from './verdict';
import { Workshop } from './workshop';

const root = join(__dirname, '..', '..', '..');

const usage = `usage: npm run mutants [-- [--baseline] [--table] [INVARIANT or MUTANT ...]]

  --baseline   each test must also pass on the unchanged source
  --table      write ${TABLE} without trying anything
  11 29-set    only invariant 11 and the mutants whose names begin with 29-set`;

interface Options {
  baseline: boolean;
  tableOnly: boolean;
  chosen: string[];
}

function readOptions(args: string[]): Options {
  const options = { baseline: { type: 'boolean' }, table: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  return { baseline: values.baseline === true, tableOnly: values.table === true, chosen: positionals };
}

/** Tries the chosen mutants and brings the page up to date; answers whether every one of them was noticed. */
async function main({ baseline, tableOnly, chosen }: Options): Promise<boolean> {
  const mutants = await readMutants(root);
  const page = join(root, TABLE);
  const results = readResults(existsSync(page) ? readFileSync(page, 'utf8') : '');
  const save = (): void => writeFileSync(page, renderTable(mutants, results));
  const tried = tableOnly ? [] : mutants.filter((mutant) => isChosen(mutant, chosen));
  if (!tableOnly && tried.length === 0) throw new Error(`no mutant of ${chosen.join(', ')}`);
  let unnoticed = 0;
  if (tried.length > 0) {
    await Workshop.use(root, async (workshop) => {
      for (const mutant of tried) {
        const noticed = await tryOne(workshop, mutant, baseline);
        results.set(mutant.name, noticed ? today() : `not noticed ${today()}`);
        if (!noticed) unnoticed++;
        save();
      }
    });
  }
  save();
  const noticed = tableOnly ? '' : `${String(tried.length - unnoticed)} of ${String(tried.length)} mutants noticed; `;
  console.log(`${noticed}${TABLE} is written`);
  return unnoticed === 0;
}

async function tryOne(workshop: Workshop, mutant: Mutant, baseline: boolean): Promise<boolean> {
  const started = performance.now();
  const { noticed, remark } = await outcomeOf(workshop, mutant, baseline);
  const seconds = `${((performance.now() - started) / 1000).toFixed(0)} s`;
  console.log([mutant.name.padEnd(44), noticed ? 'noticed' : 'NOT NOTICED', seconds, remark].join('  '));
  return noticed;
}

async function outcomeOf(
  workshop: Workshop,
  mutant: Mutant,
  baseline: boolean,
): Promise<{ noticed: boolean; remark: string }> {
  try {
    const clean = baseline ? await workshop.runTest(mutant) : null;
    if (clean !== null && clean.kind !== 'green') return { noticed: false, remark: `without it: ${remarkOf(clean)}` };
    const verdict = await workshop.tryMutant(mutant);
    return { noticed: verdict.kind === 'red', remark: verdict.kind === 'red' ? '' : remarkOf(verdict) };
  } catch (error) {
    return { noticed: false, remark: error instanceof Error ? error.message : String(error) };
  }
}

function remarkOf(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'green':
      return 'the test passes';
    case 'red':
      return 'the test fails';
    case 'broken':
      return verdict.reason;
  }
}

function isChosen({ name, invariant }: Mutant, chosen: readonly string[]): boolean {
  return (
    chosen.length === 0 ||
    chosen.some((word) => (/^\d+$/.test(word) ? Number(word) === invariant : name.startsWith(word)))
  );
}

const today = (): string => new Date().toISOString().slice(0, 10);

try {
  main(readOptions(process.argv.slice(2)))
    .then((allNoticed) => {
      process.exitCode = allNoticed ? 0 : 1;
    })
    .catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error));
      process.exitCode = 2;
    });
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}
