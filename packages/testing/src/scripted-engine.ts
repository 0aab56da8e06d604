import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PROGRAM = join(__dirname, '..', '..', 'engine-protocol', 'test-engine', 'engine.mjs');

/** The engine of packages/engine-protocol/test-engine, which does what a script says and needs no model, and a base for it. */
export class ScriptedEngine {
  /** The program and its fixed arguments. */
  readonly command: readonly string[];
  /** Its base folder. */
  readonly base: string;
  private readonly file: string;

  /** `directory` is there already. */
  constructor(directory: string, script: object = {}) {
    this.file = join(directory, 'script.json');
    this.command = [process.execPath, PROGRAM, '--script', this.file];
    this.base = join(directory, 'base');
    this.tell(script);
    const [node = '', ...args] = this.command;
    execFileSync(node, [...args, 'base', 'default', '--output', this.base]);
  }

  /** What it does from now on: engines that run have read theirs. */
  tell(script: object): void {
    writeFileSync(this.file, JSON.stringify(script));
  }

  /** What the launcher is told to use it. */
  get variables(): { ATTUNE_ENGINE: string; ATTUNE_BASE: string } {
    return { ATTUNE_ENGINE: JSON.stringify(this.command), ATTUNE_BASE: this.base };
  }
}
