import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, open, rm } from 'node:fs/promises';
import { AudioRefused } from './audio.errors';
import { endIsMissing } from './completeness';
import { decode, FFMPEG, type DecodeReport, type Target } from './ffmpeg';
import { checkSandbox } from './sandbox';
import { sniff, SNIFF_BYTES, type Container } from './sniff';

/** Every normalized file has this rate. */
export const SAMPLE_RATE = 16_000;

export interface MediaLimits {
  /** A longer recording is refused. */
  maxAudioMs: number;
  /** Processor time of one file: ffmpeg decodes about a thousand times faster than real time. */
  cpuSeconds: number;
  wallSeconds: number;
}

export const DEFAULT_LIMITS: MediaLimits = { maxAudioMs: 12 * 3_600_000, cpuSeconds: 300, wallSeconds: 900 };

export interface NormalizeRequest {
  /** A private file of the caller, in a folder that only the caller enters; its mode becomes 0444, so that the sandbox can read it. */
  inputPath: string;
  /** Replaced; in such a folder too. Removed again when the audio is refused. */
  outputPath: string;
  limits?: Partial<MediaLimits>;
  signal?: AbortSignal;
}

export interface DecodedAudio {
  /** Of decoded samples, rounded down: what the platform counts and charges. */
  audioMs: number;
  samples: number;
  container: Container;
  codec: string;
  sourceSampleRate: number;
  /** 0 when ffmpeg has no number for the layout. */
  channels: number;
}

export interface NormalizedAudio extends DecodedAudio {
  /** `sha256:<64 hex>` of the file at `outputPath`. */
  sha256: string;
  bytes: number;
}

/** Audio of 16 kHz mono s16 takes this much at most in any of our outputs; FLAC never takes more than plain samples and a little. */
const BYTES_PER_SECOND = 2 * SAMPLE_RATE;
const HEADER_ROOM_BYTES = 1024 * 1024;
/** ffmpeg maps 215 libraries (0.5 GB of addresses); what decoding takes beside that is small. */
const ADDRESS_SPACE_BYTES = 1536 * 1024 * 1024;

/** Rejects in one clear line where audio cannot be decoded safely: bubblewrap or ffmpeg is missing or not allowed. Call at start. */
export function checkMedia(): Promise<void> {
  return checkSandbox(FFMPEG);
}

/** Any upload to 16 kHz mono FLAC. Throws AudioRefused (the file's fault), SandboxFailed (ours), or the signal's reason. */
export async function normalize(request: NormalizeRequest): Promise<NormalizedAudio> {
  const decoded = await decodeTo('flac', request);
  return { ...decoded, ...(await digestOf(request.outputPath)) };
}

/** Any recording to a 16 kHz mono WAV of 16-bit samples. As `normalize`, without the cost of compression and hashing. */
export function toWav(request: NormalizeRequest): Promise<DecodedAudio> {
  return decodeTo('wav', request);
}

async function decodeTo(target: Target, request: NormalizeRequest): Promise<DecodedAudio> {
  const { inputPath, outputPath, signal } = request;
  const limits = { ...DEFAULT_LIMITS, ...request.limits };
  const container = await containerOf(inputPath);
  await chmod(inputPath, 0o444);
  await (await open(outputPath, 'w')).close();
  await chmod(outputPath, 0o666);
  try {
    const maxAudioSeconds = Math.ceil(limits.maxAudioMs / 1000) + 1;
    const report = await decode({
      inputPath,
      outputPath,
      container,
      target,
      maxAudioSeconds,
      limits: {
        addressSpaceBytes: ADDRESS_SPACE_BYTES,
        cpuSeconds: limits.cpuSeconds,
        fileBytes: maxAudioSeconds * BYTES_PER_SECOND + HEADER_ROOM_BYTES,
        wallSeconds: limits.wallSeconds,
      },
      signal,
    });
    const samples = await (target === 'flac' ? samplesOfFlac(outputPath) : samplesOfWav(outputPath));
    const audioMs = Math.floor((samples * 1000) / SAMPLE_RATE);
    if (samples === 0) throw new AudioRefused('empty');
    if (audioMs > limits.maxAudioMs) throw new AudioRefused('too_long');
    refuseDamaged(report, audioMs);
    const { codec, sourceSampleRate, channels } = report;
    return { audioMs, samples, container, codec, sourceSampleRate, channels };
  } catch (error) {
    await rm(outputPath, { force: true });
    throw error;
  }
}

async function containerOf(path: string): Promise<Container> {
  const file = await open(path, 'r');
  try {
    const first = Buffer.alloc(SNIFF_BYTES);
    const { bytesRead } = await file.read(first, 0, SNIFF_BYTES, 0);
    if (bytesRead === 0) throw new AudioRefused('empty');
    const container = sniff(first.subarray(0, bytesRead));
    if (container === null) throw new AudioRefused('unknown_format');
    if (await endIsMissing(container, file)) throw new AudioRefused('truncated');
    return container;
  } finally {
    await file.close();
  }
}

/** Encoders pad, and containers round: this much may be missing at the end. */
const MISSING_MS = 500;
const MISSING_SHARE = 0.02;
/** A frame of the usual codecs is 20 to 26 ms. */
const FRAME_MS = 25;
const DAMAGED_SHARE = 0.01;

/**
 * A file is truncated when less came out than its container declares, and damaged when more than one frame in a hundred could not be
 * decoded. Raw AAC and MP3 without a Xing header declare nothing: what is left of one is taken, and its duration is that of what was left.
 */
function refuseDamaged({ declaredSeconds, decodeErrors }: DecodeReport, audioMs: number): void {
  const declaredMs = (declaredSeconds ?? 0) * 1000;
  if (audioMs < declaredMs - Math.max(MISSING_MS, declaredMs * MISSING_SHARE)) throw new AudioRefused('truncated');
  const allowed = 1 + (audioMs / FRAME_MS) * DAMAGED_SHARE;
  if (decodeErrors > allowed)
    throw new AudioRefused('undecodable', `${String(decodeErrors)} frames could not be decoded`);
}

/** The total of STREAMINFO (RFC 9639, 8.2), which our own encoder wrote last: 36 bits at byte 21, the upper four shared. */
async function samplesOfFlac(path: string): Promise<number> {
  const head = await readHead(path, 26);
  if (head.length < 26 || head.toString('latin1', 0, 4) !== 'fLaC') return 0;
  return (head.readUInt8(21) & 0x0f) * 2 ** 32 + head.readUInt32BE(22);
}

/** The size of the data chunk, which our own encoder wrote: its header is always the plain 44 bytes. */
async function samplesOfWav(path: string): Promise<number> {
  const head = await readHead(path, 44);
  if (head.length < 44 || head.toString('latin1', 36, 40) !== 'data') return 0;
  return head.readUInt32LE(40) / 2;
}

async function readHead(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(bytes);
    const { bytesRead } = await file.read(head, 0, bytes, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function digestOf(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: `sha256:${hash.digest('hex')}`, bytes };
}
