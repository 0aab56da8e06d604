import { SingleBar } from 'cli-progress';

/** A bar on a terminal, and now and then a line where nobody watches. */
export interface Progress {
  update(done: number, note?: string): void;
  end(): void;
}

const LINE_EVERY_MS = 10_000;

/** Shows progress towards `total` of something called `label`. */
export function showProgress(label: string, total: number): Progress {
  return process.stdout.isTTY ? bar(label, total) : lines(label, total);
}

function bar(label: string, total: number): Progress {
  const shown = new SingleBar({
    format: `  ${label} {bar} {percentage}% {note}`,
    hideCursor: true,
    barsize: 30,
    clearOnComplete: false,
  });
  shown.start(total, 0, { note: '' });
  return { update: (done, note = '') => shown.update(done, { note }), end: () => shown.stop() };
}

function lines(label: string, total: number): Progress {
  let last = performance.now();
  let shown = '';
  return {
    update: (done, note = '') => {
      const line = `  ${label} ${String(Math.floor((100 * done) / Math.max(total, 1)))}% ${note}`.trimEnd();
      if (line === shown || performance.now() - last < LINE_EVERY_MS) return;
      last = performance.now();
      shown = line;
      console.log(line);
    },
    end: () => undefined,
  };
}
