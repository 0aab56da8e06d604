import type { Writable } from 'node:stream';

/** Where a command writes: results to stdout, everything on the way there to stderr. */
export class Terminal {
  constructor(
    readonly stdout: Writable & { isTTY?: boolean },
    readonly stderr: Writable & { isTTY?: boolean },
    readonly json: boolean,
  ) {}

  /** True when a person watches: progress bars and questions make sense. */
  get interactive(): boolean {
    return !this.json && this.stdout.isTTY === true && this.stderr.isTTY === true;
  }

  /** The command's result: `value` as one line of JSON with --json, else the text. */
  result(value: unknown, text: string): void {
    this.stdout.write(`${this.json ? JSON.stringify(value) : text}\n`);
  }

  /** Something that a person wants to know and a script does not. */
  note(text: string): void {
    if (!this.json) this.stderr.write(`${text}\n`);
  }
}
