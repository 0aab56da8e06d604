import { MUTANTS, type Mutant } from './mutant';

/** The generated guide, from the root of the repository. */
export const TABLE = 'docs/guides/invariants.md';

/** By the mutant's name: the day on which it was last tried, and what came of it. `2026-11-25`, or a note in its place. */
export type Results = ReadonlyMap<string, string>;

const NOT_TRIED = 'not tried yet';

const head = `# Invariants
What Attune promises about money, delivery, runs, tenants and keys, each with the test that proves it and the faults that are planted to prove the test: a mutant changes one line of the source, and exactly this test
must fail. A test that stays green on its mutant proves nothing.

\`npm run mutants\` plants each in a throw-away copy of the tree, runs its test, and writes this page (\`npm run mutants -- 11 12\`: those invariants only; \`--baseline\`: each test must pass on the unchanged source first).
\`npm run mutants:table\` writes the page and tries nothing. \`npm test\` checks that the page names every mutant and that each still finds its line. How to add one: [decision 0027](../adr/0027-planted-mutants.md).

| no. | guarantee | test | mutant | turned red on |
|---|---|---|---|---|
`;

/** The page for these mutants. */
export function renderTable(mutants: readonly Mutant[], results: Results): string {
  return head + mutants.map((mutant) => `${rowOf(mutant, results.get(mutant.name) ?? NOT_TRIED)}\n`).join('');
}

/** What an earlier page says about each mutant. */
export function readResults(page: string): Map<string, string> {
  const rows = page.matchAll(/^\|.*\| \[([^\]]+)\]\([^)]*\) \| ([^|]+) \|$/gm);
  return new Map([...rows].map(([, name = '', result = '']) => [name, result]));
}

function rowOf({ invariant, statement, test, assertion, name }: Mutant, result: string): string {
  const link = (text: string, path: string): string => `[${text}](../../${path})`;
  const cells = [
    String(invariant),
    cell(statement),
    `${link(test.replace(/^.*\//, ''), test)}: ${cell(assertion)}`,
    link(name, `${MUTANTS}/${name}.mjs`),
    result,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Text of a cell: a bar would end it, angle brackets would be markup. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
