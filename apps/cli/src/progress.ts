import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { systemClock, type Clock } from '@attune/kernel';
import type { Terminal } from './terminal';

/** How far some work is. `line` writes a line that stays, above the bar where there is one. */
export interface Progress {
  update(done: number, total: number, text: string): void;
  line(text: string): void;
  stop(): void;
}

/** A bar for people, a line now and then where stdout is a file or a pipe, nothing with --json. */
export function startProgress(terminal: Terminal): Progress {
  if (terminal.json) return { update: () => undefined, line: () => undefined, stop: () => undefined };
  return terminal.interactive ? new BarProgress(terminal) : new PlainProgress(terminal);
}

class BarProgress implements Progress {
  private readonly bars: MultiBar;
  private bar: SingleBar | undefined;

  constructor(private readonly terminal: Terminal) {
    const format = '{bar} {percentage}% {text}';
    this.bars = new MultiBar(
      { format, barsize: 30, hideCursor: true, linewrap: false, stream: terminal.stderr },
      Presets.shades_classic,
    );
  }

  update(done: number, total: number, text: string): void {
    this.bar ??= this.bars.create(total, 0, { text });
    this.bar.setTotal(total);
    this.bar.update(done, { text });
  }

  line(text: string): void {
    if (this.bar) this.bars.log(`${text}\n`);
    else this.terminal.note(text);
  }

  stop(): void {
    if (!this.bar) return;
    // Lines that still wait are written with the next drawing only.
    this.bars.update();
    this.bars.stop();
    this.bar = undefined;
  }
}

const PLAIN_EVERY_MS = 5000;

class PlainProgress implements Progress {
  private lastAt = Number.NEGATIVE_INFINITY;
  private lastText = '';

  constructor(
    private readonly terminal: Terminal,
    private readonly clock: Clock = systemClock,
  ) {}

  update(done: number, total: number, text: string): void {
    const now = this.clock.now().getTime();
    const finished = total > 0 && done >= total;
    if (text === this.lastText || (now - this.lastAt < PLAIN_EVERY_MS && !finished)) return;
    this.lastAt = now;
    this.lastText = text;
    this.terminal.note(`${String(total === 0 ? 0 : Math.floor((100 * done) / total))}% ${text}`);
  }

  line(text: string): void {
    this.terminal.note(text);
  }

  stop(): void {
    this.lastText = '';
  }
}

/** Seconds left, if work goes on at the mean speed since this was made. */
export class Eta {
  private readonly startedAt: number;
  private first: number | undefined;

  constructor(private readonly clock: Clock = systemClock) {
    this.startedAt = clock.now().getTime();
  }

  /** Null until something was done, and once all is. */
  secondsLeft(done: number, total: number): number | null {
    this.first ??= done;
    const gained = done - this.first;
    if (gained <= 0 || done >= total) return null;
    const seconds = (this.clock.now().getTime() - this.startedAt) / 1000;
    return (seconds * (total - done)) / gained;
  }
}
