import { execFileSync } from 'node:child_process';

/** A tone as a WAV file: 16-bit samples, mono, 16 kHz. */
export function toneWav(seconds: number): Buffer {
  const samples = Math.round(16_000 * seconds);
  const file = Buffer.alloc(44 + samples * 2);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(16_000, 24);
  file.writeUInt32LE(32_000, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at += 1) {
    file.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 440 * at) / 16_000)), 44 + at * 2);
  }
  return file;
}

/** The same sound as a file of another format, such as `mp3` or `ogg`. */
export function encoded(wav: Buffer, format: string): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-f', format, 'pipe:1'], { input: wav });
}
