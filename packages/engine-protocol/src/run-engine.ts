import { messageOf } from '@attune/kernel';
import { endChild, spawnChild, TERM_GRACE_MS } from './child';
import { engineEvent, type EngineError, type EngineEvent } from './events';
import { exitKindOf, type ExitKind } from './exit';
import { LineSplitter, Tail, type Line } from './lines';

export interface RunEngineOptions {
  /** The engine program with its fixed arguments. */
  command: readonly string[];
  /** Command and job: `['train', '/w/job.json']`. */
  args: readonly string[];
  /** Called for every event in order; the engine's output waits until the promise settles, and its rejection ends the engine. */
  onEvent: (event: EngineEvent) => void | Promise<void>;
  /** Abort: SIGTERM, then SIGKILL after `graceMs`. */
  signal?: AbortSignal | undefined;
  graceMs?: number | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  nice?: number | undefined;
}

/** How one engine process ended. */
export interface EngineOutcome {
  kind: ExitKind;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The last `error` event, if there was one. */
  error: EngineError | null;
  /** The end of stderr, for operators. */
  stderr: string;
  /** Lines on stdout that are no event of the protocol: counted and skipped. */
  malformedLines: number;
}

const MAX_LINE = 1024 * 1024;
const STDERR_TAIL = 16 * 1024;

/**
 * Runs an engine to its end. Resolves with how it ended, whatever that was; rejects with `onEvent`'s own error after the engine has
 * been ended. A program that cannot be started is an outcome of kind `engine`. Memory is bounded by one line of 1 MiB.
 */
export async function runEngine(options: RunEngineOptions): Promise<EngineOutcome> {
  const child = spawnChild({ ...options, stdin: 'ignore' });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the engine has no output');
  const tail = new Tail(STDERR_TAIL);
  stderr.on('data', (chunk: Buffer) => tail.push(chunk));
  const ended = new Promise<Pick<EngineOutcome, 'exitCode' | 'signal'>>((resolve) => {
    child.once('error', (error) => {
      tail.push(Buffer.from(`cannot start ${options.command.join(' ')}: ${messageOf(error)}\n`));
      resolve({ exitCode: null, signal: null });
    });
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const stop = (): void => endChild(child, options.graceMs ?? TERM_GRACE_MS);
  if (options.signal?.aborted) stop();
  options.signal?.addEventListener('abort', stop, { once: true });

  const reader = new EventReader(options.onEvent);
  try {
    for await (const chunk of stdout as AsyncIterable<Buffer>) await reader.read(chunk);
    await reader.end();
  } catch (error) {
    stop();
    stdout.resume();
    await ended;
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
  const { exitCode, signal } = await ended;
  return {
    kind: exitKindOf(exitCode),
    exitCode,
    signal,
    error: reader.error,
    stderr: tail.toString(),
    malformedLines: reader.malformedLines,
  };
}

class EventReader {
  private readonly splitter = new LineSplitter(MAX_LINE);
  error: EngineError | null = null;
  malformedLines = 0;

  constructor(private readonly onEvent: RunEngineOptions['onEvent']) {}

  async read(chunk: Buffer): Promise<void> {
    await this.take(this.splitter.push(chunk));
  }

  async end(): Promise<void> {
    await this.take(this.splitter.end());
  }

  private async take(lines: readonly Line[]): Promise<void> {
    for (const line of lines) {
      const event = 'text' in line ? parseEvent(line.text) : null;
      if (event === null) {
        this.malformedLines += 1;
        continue;
      }
      if (event.type === 'error') this.error = event;
      await this.onEvent(event);
    }
  }
}

/** The event on a line, or null when the line is none. */
export function parseEvent(line: string): EngineEvent | null {
  const parsed = engineEvent.safeParse(parseJson(line));
  return parsed.success ? parsed.data : null;
}

/** The JSON value of a line; undefined when it is none. */
export function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
