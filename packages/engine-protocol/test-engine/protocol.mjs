import { createHash } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';

/** Ends the command with an exit code and, unless it is 75, an error event. */
export class EngineFault extends Error {
  constructor(exitCode, code, message) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
  }
}

/** One JSON object a line, written at once: a kill right after it cannot take it back. */
export function emit(event) {
  writeAll(`${JSON.stringify(event)}\n`);
}

export function writeAll(text) {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

export function readJob(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new EngineFault(70, 'BAD_JOB', 'The job file cannot be read.');
  }
}

export function sha256(content) {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Of a folder: sha256 over the sorted "path sha256\n" lines of its files. */
export function digestOf(files) {
  return sha256(
    files
      .map(({ path, sha256: hash }) => `${path} ${hash}\n`)
      .sort()
      .join(''),
  );
}

/** Seconds of audio in a FLAC (STREAMINFO) or WAV file; anything else counts as raw 16 kHz samples of 16 bits. */
export function durationOf(content) {
  if (content.subarray(0, 4).toString('latin1') === 'fLaC') {
    const rate = content.readUIntBE(18, 3) >> 4;
    const samples = (content[21] & 15) * 2 ** 32 + content.readUInt32BE(22);
    return rate > 0 ? samples / rate : 0;
  }
  const header = content.subarray(0, 4).toString('latin1') === 'RIFF' ? 44 : 0;
  return Math.max(0, content.length - header) / 32_000;
}
