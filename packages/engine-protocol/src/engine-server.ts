import type { ChildProcess } from 'node:child_process';
import { AppError, delay } from '@attune/kernel';
import { endChild, spawnChild } from './child';
import { LineSplitter, Tail } from './lines';
import { parseJson } from './run-engine';
import {
  serveReady,
  serveResponse,
  type ServeErrorCode,
  type ServeReady,
  type ServeRequest,
  type ServeResult,
} from './serve';

export interface EngineServerOptions {
  /** The engine program with its fixed arguments. */
  command: readonly string[];
  threads?: number;
  /** Bound of the models that the engine keeps in memory. */
  memoryLimitMb?: number;
  device?: 'auto' | 'cpu' | 'cuda';
  env?: NodeJS.ProcessEnv;
  nice?: number;
  /** Requests that may wait or be at work; one more is refused with SERVICE_UNAVAILABLE. */
  maxPending?: number;
  /** From start to `ready`. */
  startTimeoutMs?: number;
  /** After this long without an answer the engine counts as hung and is started anew. */
  requestTimeoutMs?: number;
  /** What an operator should read: why the process ended. */
  onEnd?: (end: {
    exitCode: number | null;
    signal: NodeJS.Signals | null;
    stderr: string;
    malformedLines: number;
  }) => void;
}

/** The engine refused one request; the process lives on. */
export class EngineRequestError extends Error {
  constructor(
    readonly code: ServeErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'EngineRequestError';
  }
}

interface Pending {
  resolve(result: ServeResult): void;
  reject(error: Error): void;
}

interface Running {
  child: ChildProcess;
  ready: Promise<ServeReady>;
}

const MAX_LINE = 16 * 1024 * 1024;
const RESTART_DELAYS_MS = [0, 500, 2000, 5000, 10_000];

/**
 * A warm `transcribe --serve` process: one child, many requests at once, answers by id. When the child dies, the requests at work are
 * refused with SERVICE_UNAVAILABLE (they may be the cause) and it is started again, more slowly each time until one is ready.
 */
export class EngineServer {
  private readonly pending = new Map<string, Pending>();
  private running: Running | null = null;
  private isStopping = false;
  private isBackingOff = false;
  private failedStarts = 0;
  private nextId = 1;
  private isReady = false;

  constructor(private readonly options: EngineServerOptions) {}

  /** True while the child has said that it is ready and lives. */
  get ready(): boolean {
    return this.isReady;
  }

  /** Process id of the child, for health reports. */
  get pid(): number | undefined {
    return this.running?.child.pid;
  }

  /** Starts the engine; resolves with its versions when it is ready. Rejects with SERVICE_UNAVAILABLE; it goes on trying then. */
  async start(): Promise<ServeReady> {
    this.isStopping = false;
    if (this.isBackingOff) throw unavailable('the engine keeps ending; it is started again shortly');
    this.running ??= this.launch();
    return this.running.ready;
  }

  /**
   * Transcribes one file. Rejects with EngineRequestError when the engine refuses it, and with SERVICE_UNAVAILABLE when the queue is full,
   * the engine dies or hangs. An aborted request is forgotten: its answer goes nowhere.
   */
  async request(request: Omit<ServeRequest, 'id'>, signal?: AbortSignal): Promise<ServeResult> {
    if (this.pending.size >= (this.options.maxPending ?? 64))
      throw unavailable('the engine has too many requests waiting');
    const id = String(this.nextId++);
    const answer = new Promise<ServeResult>((resolve, reject) => this.pending.set(id, { resolve, reject }));
    const abort = (): void => this.settle(id)?.reject(unavailable('the request was given up'));
    const hung = setTimeout(() => this.onHung(id), this.options.requestTimeoutMs ?? 600_000);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    void this.send(id, request);
    try {
      return await answer;
    } finally {
      clearTimeout(hung);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends the engine for good: end of stdin first, so that requests at work are answered, SIGKILL after `graceMs`. */
  async stop(graceMs = 5000): Promise<void> {
    this.isStopping = true;
    const child = this.running?.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdin?.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(timer);
  }

  private async send(id: string, request: Omit<ServeRequest, 'id'>): Promise<void> {
    try {
      await this.start();
      // Given up while the engine was starting.
      if (this.pending.has(id)) this.running?.child.stdin?.write(`${JSON.stringify({ ...request, id })}\n`);
    } catch (error) {
      this.settle(id)?.reject(error instanceof Error ? error : unavailable(String(error)));
    }
  }

  private launch(): Running {
    const { command, env, nice, threads, memoryLimitMb, device } = this.options;
    const args = ['transcribe', '--serve'];
    if (threads !== undefined) args.push('--threads', String(threads));
    if (memoryLimitMb !== undefined) args.push('--memory-limit-mb', String(memoryLimitMb));
    if (device !== undefined) args.push('--device', device);
    const child = spawnChild({ command, args, env, nice, stdin: 'pipe' });
    const splitter = new LineSplitter(MAX_LINE);
    const tail = new Tail(16 * 1024);
    let malformedLines = 0;

    const ready = new Promise<ServeReady>((resolve, reject) => {
      const tooLate = setTimeout(() => endChild(child, 0), this.options.startTimeoutMs ?? 60_000);
      const onLine = (value: unknown): boolean => {
        const said = serveReady.safeParse(value);
        if (!said.success) return this.answer(value);
        clearTimeout(tooLate);
        this.isReady = true;
        this.failedStarts = 0;
        resolve(said.data);
        return true;
      };
      child.stdout?.on('data', (chunk: Buffer) => {
        for (const line of splitter.push(chunk))
          if (!('text' in line) || !onLine(parseJson(line.text))) malformedLines += 1;
      });
      child.stderr?.on('data', (chunk: Buffer) => tail.push(chunk));
      // Writing to a child that has just died: its end is handled below.
      child.stdin?.on('error', () => undefined);
      const onEnd = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
        clearTimeout(tooLate);
        reject(unavailable(`the engine ended before it was ready: ${tail.toString()}`));
        this.options.onEnd?.({ exitCode, signal, stderr: tail.toString(), malformedLines });
        this.onEnd(child);
      };
      child.once('error', (error) => {
        tail.push(Buffer.from(error.message));
        if (child.pid === undefined) onEnd(null, null);
      });
      child.once('close', onEnd);
    });
    // Whoever waits for it gets the rejection; nobody may be waiting.
    ready.catch(() => undefined);
    return { child, ready };
  }

  private answer(value: unknown): boolean {
    const said = serveResponse.safeParse(value);
    if (!said.success) return false;
    const waiting = this.settle(said.data.id);
    if ('error' in said.data) waiting?.reject(new EngineRequestError(said.data.error.code, said.data.error.message));
    else waiting?.resolve(said.data);
    return true;
  }

  private settle(id: string): Pending | undefined {
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    return waiting;
  }

  private onHung(id: string): void {
    this.settle(id)?.reject(unavailable('the engine did not answer in time'));
    if (!this.running) return;
    const { child } = this.running;
    endChild(child, 0);
    this.onEnd(child);
  }

  private onEnd(child: ChildProcess): void {
    if (this.running?.child !== child) return;
    this.isReady = false;
    this.running = null;
    for (const id of [...this.pending.keys()])
      this.settle(id)?.reject(unavailable('the engine ended while it was at work'));
    if (this.isStopping) return;
    const wait = RESTART_DELAYS_MS[Math.min(this.failedStarts, RESTART_DELAYS_MS.length - 1)] ?? 0;
    this.failedStarts += 1;
    this.isBackingOff = wait > 0;
    if (wait === 0) this.running = this.launch();
    else void delay(wait).then(() => this.relaunch());
  }

  private relaunch(): void {
    this.isBackingOff = false;
    if (!this.isStopping) this.running ??= this.launch();
  }
}

function unavailable(internal: string): AppError {
  return new AppError('SERVICE_UNAVAILABLE', 'Transcription is not available at the moment. Try again shortly.', {
    internal,
  });
}
