/** The containers that uploads may come in. */
export const containers = ['wav', 'flac', 'mp3', 'm4a', 'aac', 'ogg'] as const;
export type Container = (typeof containers)[number];

/** How many of a file's first bytes `sniff` wants. */
export const SNIFF_BYTES = 4096;

/** What a file is by its first bytes, whatever its name says; null for anything that is not one of our containers. */
export function sniff(firstBytes: Uint8Array): Container | null {
  const bytes = Buffer.from(firstBytes.buffer, firstBytes.byteOffset, firstBytes.byteLength);
  const text = (at: number, length: number): string => bytes.toString('latin1', at, at + length);

  if (['RIFF', 'RF64', 'BW64'].includes(text(0, 4))) return text(8, 4) === 'WAVE' ? 'wav' : null;
  if (text(0, 4) === 'fLaC') return 'flac';
  if (text(4, 4) === 'ftyp') return 'm4a';
  if (text(0, 4) === 'OggS') return isOggAudio(bytes) ? 'ogg' : null;
  if (text(0, 3) === 'ID3') return afterId3(bytes);
  return isAdts(bytes, 0) ? 'aac' : isMp3(bytes, 0) ? 'mp3' : null;
}

/** What follows an ID3v2 tag (id3.org, 3.1: the size is four bytes of seven bits). A tag longer than what we see is of an MP3. */
function afterId3(bytes: Buffer): Container | null {
  if (bytes.length < 10) return null;
  const size = [6, 7, 8, 9].reduce((sum, at) => (sum << 7) | (bytes.readUInt8(at) & 0x7f), 0);
  const rest = bytes.subarray(10 + size);
  if (rest.length < 4) return 'mp3';
  if (rest.toString('latin1', 0, 4) === 'fLaC') return 'flac';
  return isAdts(rest, 0) ? 'aac' : 'mp3';
}

/** An Ogg stream whose first packet is of Vorbis, Opus or FLAC; the packet begins after the page's segment table (RFC 3533, 6). */
function isOggAudio(bytes: Buffer): boolean {
  const segments = bytes.length > 26 ? bytes.readUInt8(26) : 0;
  const packet = bytes.toString('latin1', 27 + segments, 27 + segments + 8);
  return packet.startsWith('\x01vorbis') || packet === 'OpusHead' || packet.startsWith('\x7fFLAC');
}

/** An AAC frame in ADTS, and another where it ends (ISO/IEC 13818-7, 6.2): two bytes alone would fit too much. */
function isAdts(bytes: Buffer, at: number): boolean {
  const first = adtsLength(bytes, at);
  if (first === null) return false;
  return at + first + 7 > bytes.length || adtsLength(bytes, at + first) !== null;
}

function adtsLength(bytes: Buffer, at: number): number | null {
  if (bytes.length < at + 7) return null;
  // Twelve sync bits, and layer 00, which no MPEG audio layer uses.
  if ((bytes.readUInt16BE(at) & 0xfff6) !== 0xfff0) return null;
  const length = (bytes.readUIntBE(at + 3, 3) >> 5) & 0x1fff;
  return length >= 7 ? length : null;
}

/** An MPEG audio frame of layer III, and another where it ends. */
function isMp3(bytes: Buffer, at: number): boolean {
  const first = mp3Length(bytes, at);
  if (first === null) return false;
  return at + first + 4 > bytes.length || mp3Length(bytes, at + first) !== null;
}

const KBITS_V1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const KBITS_V2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const HERTZ_V1 = [44_100, 48_000, 32_000];

/** The bytes of the layer III frame at `at`, from its header (ISO/IEC 11172-3, 2.4.2.3); null when there is no such header. */
function mp3Length(bytes: Buffer, at: number): number | null {
  if (bytes.length < at + 4) return null;
  const header = bytes.readUInt32BE(at);
  if (header >>> 21 !== 0x7ff || ((header >>> 17) & 3) !== 1) return null;
  const version = (header >>> 19) & 3; // 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5, 1: reserved
  const kbits = (version === 3 ? KBITS_V1 : KBITS_V2)[(header >>> 12) & 15];
  const hertz = HERTZ_V1[(header >>> 10) & 3];
  if (version === 1 || kbits === undefined || kbits === 0 || hertz === undefined) return null;
  const divisor = version === 3 ? 1 : version === 2 ? 2 : 4;
  const padding = (header >>> 9) & 1;
  return Math.floor(((version === 3 ? 144_000 : 72_000) * kbits) / (hertz / divisor)) + padding;
}
