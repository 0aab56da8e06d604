/**
 * Builds the tools named as arguments, or the basic ones, into the cache outside the checkout:
 * `node packages/testing-cluster/dist/build-tools.js kueue keda`.
 */
import { BASIC_TOOLS, ensureTools, toolNames, type ToolName } from './tools';

const known = (name: string): name is ToolName => toolNames().some((tool) => tool === name);

async function main(names: string[]): Promise<void> {
  const unknown = names.filter((name) => !known(name));
  if (unknown.length > 0) throw new Error(`no tool ${unknown.join(', ')}; there are ${toolNames().join(', ')}`);
  await ensureTools(names.length > 0 ? names.filter(known) : BASIC_TOOLS);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
