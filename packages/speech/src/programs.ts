import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { voices } from './voices';

const FESTIVAL_VOICES = Object.values(voices).filter((voice) => voice.program === 'festival');

const DEBIAN_PACKAGES: Record<string, readonly string[]> = {
  flite: ['flite'],
  festival: ['festival', ...FESTIVAL_VOICES.map((voice) => voice.debianPackage)],
  ffmpeg: ['ffmpeg'],
};

/** Programs or voices that this machine lacks; the message says how to install them. */
export class MissingProgramsError extends Error {
  override readonly name = 'MissingProgramsError';

  constructor(
    missing: readonly string[],
    packages: readonly string[] = missing.flatMap((program) => DEBIAN_PACKAGES[program] ?? [program]),
  ) {
    super(
      `Speech synthesis needs ${missing.join(', ')}. On Debian or Ubuntu: sudo apt-get install -y ${packages.join(' ')}`,
    );
  }
}

/** A program that ran and failed; the message carries the end of what it wrote to stderr. */
export class ProgramFailedError extends Error {
  override readonly name = 'ProgramFailedError';
}

async function isOnPath(program: string): Promise<boolean> {
  const places = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = await Promise.all(
    places.map((folder) =>
      access(join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** @throws MissingProgramsError when flite, festival or ffmpeg is not on the PATH. */
export async function requirePrograms(programs: readonly string[] = Object.keys(DEBIAN_PACKAGES)): Promise<void> {
  const present = await Promise.all(programs.map(isOnPath));
  const missing = programs.filter((_, index) => !present[index]);
  if (missing.length > 0) throw new MissingProgramsError(missing);
}

/**
 * Runs a program to its end, with `input` on its stdin.
 * @throws MissingProgramsError | ProgramFailedError
 */
export function runProgram(program: string, args: readonly string[], input: Uint8Array | string = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints = (complaints + chunk).slice(-2000)));
    // A program that fails closes its stdin early; its exit code is the news, not our broken pipe.
    child.stdin.on('error', () => undefined).end(input);
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new MissingProgramsError([program]) : error),
    );
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(new ProgramFailedError(`${program} ended with ${signal ?? `exit code ${code}`}: ${complaints.trim()}`));
    });
  });
}
