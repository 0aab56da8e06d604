import type { FileHandle } from 'node:fs/promises';
import type { Container } from './sniff';

/**
 * Whether a file's own structure says that its end is missing. ffmpeg decodes what is left of a WAV or Ogg without a word,
 * so these two are looked at here; the others declare a duration, which normalize compares with what was decoded.
 */
export async function endIsMissing(container: Container, file: FileHandle): Promise<boolean> {
  if (container === 'wav') return wavEndIsMissing(file);
  if (container === 'ogg') return oggEndIsMissing(file);
  return false;
}

/** Writers to a pipe cannot know the size and leave one of these. */
const UNKNOWN_SIZES = [0, 0xffffffff, 0x7fffffff];
const MAX_CHUNKS = 1000;

/** The data chunk claims more bytes than the file has after it. RF64 keeps its sizes elsewhere and sets ours to 0xffffffff. */
async function wavEndIsMissing(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  const header = Buffer.alloc(8);
  let at = 12;
  for (let chunks = 0; chunks < MAX_CHUNKS; chunks += 1) {
    const { bytesRead } = await file.read(header, 0, 8, at);
    // No data chunk at all: ffmpeg will find no sound.
    if (bytesRead < 8) return false;
    const length = header.readUInt32LE(4);
    if (header.toString('latin1', 0, 4) === 'data') return !UNKNOWN_SIZES.includes(length) && at + 8 + length > size;
    at += 8 + length + (length % 2);
  }
  return false;
}

/** An Ogg page has at most 27 + 255 + 255 * 255 bytes (RFC 3533, 6). */
const MAX_OGG_PAGE = 65_307;

/** The last page lacks the end-of-stream flag, or is itself cut short. */
async function oggEndIsMissing(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  const tail = Buffer.alloc(Math.min(size, 2 * MAX_OGG_PAGE));
  await file.read(tail, 0, tail.length, size - tail.length);
  const page = tail.lastIndexOf('OggS');
  if (page < 0 || page + 27 > tail.length) return true;
  const segments = tail.readUInt8(page + 26);
  const table = tail.subarray(page + 27, page + 27 + segments);
  const end = page + 27 + segments + table.reduce((sum, length) => sum + length, 0);
  const isLast = (tail.readUInt8(page + 5) & 4) !== 0;
  return !isLast || end > tail.length;
}
