import { AppError } from '@attune/kernel';
import { endChild, spawnChild } from './child';
import { Tail } from './lines';
import { parseJson } from './run-engine';
import { engineDescription, type EngineDescription } from './shapes';

const MAX_OUTPUT = 1024 * 1024;

/** Asks an engine what it is. Throws SERVICE_UNAVAILABLE, with the reason for operators, when it does not say within `timeoutMs`. */
export async function describeEngine(command: readonly string[], timeoutMs = 10_000): Promise<EngineDescription> {
  const child = spawnChild({ command, args: ['describe'], stdin: 'ignore' });
  const output = new Tail(MAX_OUTPUT);
  const errors = new Tail(4096);
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
  const timer = setTimeout(() => endChild(child, 0), timeoutMs);
  const exitCode = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  clearTimeout(timer);
  const parsed = engineDescription.safeParse(parseJson(output.toString()));
  if (exitCode === 0 && parsed.success) return parsed.data;
  throw new AppError('SERVICE_UNAVAILABLE', 'The speech engine is not available', {
    internal: `${command.join(' ')} describe: exit ${String(exitCode)}: ${parsed.success ? errors.toString() : parsed.error.message}`,
  });
}
