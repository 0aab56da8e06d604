import { AudioRefused } from './audio.errors';
import { runSandboxed, SandboxFailed, type SandboxLimits } from './sandbox';
import type { Container } from './sniff';

export const FFMPEG = '/usr/bin/ffmpeg';

/** What ffmpeg may use to read each container: the demuxer is forced, and no decoder outside the list is opened. */
const READERS: Record<Container, { demuxer: string; decoders: readonly string[] }> = {
  wav: {
    demuxer: 'wav',
    decoders: [
      ...['pcm_u8', 'pcm_s16le', 'pcm_s24le', 'pcm_s32le', 'pcm_f32le', 'pcm_f64le', 'pcm_mulaw', 'pcm_alaw'],
      ...['adpcm_ms', 'adpcm_ima_wav'],
    ],
  },
  flac: { demuxer: 'flac', decoders: ['flac'] },
  mp3: { demuxer: 'mp3', decoders: ['mp3', 'mp3float'] },
  m4a: { demuxer: 'mov', decoders: ['aac', 'alac', 'mp3', 'mp3float'] },
  aac: { demuxer: 'aac', decoders: ['aac'] },
  ogg: { demuxer: 'ogg', decoders: ['vorbis', 'opus', 'flac'] },
};

export type Target = 'flac' | 'wav';

export interface DecodeRequest {
  inputPath: string;
  /** An existing empty file. */
  outputPath: string;
  container: Container;
  target: Target;
  /** Decoding stops here. */
  maxAudioSeconds: number;
  limits: SandboxLimits;
  signal?: AbortSignal;
}

/** What ffmpeg said about its input while it decoded it. */
export interface DecodeReport {
  codec: string;
  sourceSampleRate: number;
  channels: number;
  /** As the container claims; null when it claims nothing, or ffmpeg only guessed from the bit rate. */
  declaredSeconds: number | null;
  /** Packets that the decoder could not use. */
  decodeErrors: number;
}

/** A shell's convention for a program that a signal ended: SIGXCPU, SIGXFSZ, SIGKILL. */
const CPU_LIMIT_EXIT = 128 + 24;
const FILE_LIMIT_EXIT = 128 + 25;
const KILLED_EXIT = 128 + 9;
/** ffmpeg takes SIGXCPU as a request to end in good order, and says so. */
const CPU_LIMIT_MESSAGE = 'received signal 24';

/**
 * Decodes the first sound of a file to 16 kHz mono in one sandboxed ffmpeg process. Throws AudioRefused for what is wrong with the
 * file, SandboxFailed (worth trying again) for what is wrong with this host.
 */
export async function decode(request: DecodeRequest): Promise<DecodeReport> {
  const { exitCode, timedOut, stderr } = await runSandboxed({
    program: FFMPEG,
    args: ffmpegArgs(request),
    reads: { [request.inputPath]: '/input' },
    writes: { [request.outputPath]: '/output' },
    limits: request.limits,
    signal: request.signal,
  });
  if (/No space left on device|error while loading shared libraries/.test(stderr))
    throw new SandboxFailed(tail(stderr));
  const streams = streamsOf(stderr);
  const sound = streams.find(({ kind }) => kind === 'Audio');
  // A picture is a cover; anything else that moves makes it a video.
  if (streams.some(({ kind, rest }) => kind === 'Video' && !rest.includes('(attached pic)'))) {
    throw new AudioRefused(sound === undefined ? 'no_audio' : 'video');
  }
  if (timedOut || exitCode === CPU_LIMIT_EXIT || stderr.includes(CPU_LIMIT_MESSAGE)) {
    throw new AudioRefused('undecodable', 'decoding took too long');
  }
  if (exitCode === FILE_LIMIT_EXIT || stderr.includes('File too large')) throw new AudioRefused('too_long');
  if (exitCode === null || exitCode === KILLED_EXIT) throw new SandboxFailed(`ffmpeg was killed: ${tail(stderr)}`);
  if (sound === undefined) throw new AudioRefused(streams.length > 0 ? 'no_audio' : 'undecodable', tail(stderr));
  if (!READERS[request.container].decoders.includes(decoderOf(sound.codec)))
    throw new AudioRefused('unsupported_codec', sound.codec);
  if (exitCode !== 0) throw new AudioRefused('undecodable', tail(stderr));
  return {
    codec: sound.codec,
    sourceSampleRate: Number(/(\d+) Hz/.exec(sound.rest)?.[1] ?? 0),
    channels: channelsOf(/\d+ Hz, ([^,]+)/.exec(sound.rest)?.[1]?.trim() ?? ''),
    declaredSeconds: declaredSecondsOf(stderr),
    decodeErrors: stderr.match(/^Error while decoding stream/gm)?.length ?? 0,
  };
}

function ffmpegArgs({ container, target, maxAudioSeconds }: DecodeRequest): string[] {
  const { demuxer, decoders } = READERS[container];
  return [
    // "info" is the level at which ffmpeg tells what it found in the input.
    ...['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'info', '-y'],
    ...['-protocol_whitelist', 'file', '-format_whitelist', demuxer, '-codec_whitelist', decoders.join(',')],
    ...['-threads', '1', '-f', demuxer, '-i', '/input'],
    ...[
      '-map',
      '0:a:0',
      '-vn',
      '-sn',
      '-dn',
      '-t',
      String(maxAudioSeconds),
      '-ac',
      '1',
      '-ar',
      '16000',
      '-sample_fmt',
      's16',
    ],
    // The same input gives the same bytes: no names, no dates, no versions.
    ...[
      '-map_metadata',
      '-1',
      '-fflags',
      '+bitexact',
      '-flags:a',
      '+bitexact',
      '-threads',
      '1',
      '-filter_threads',
      '1',
    ],
    ...(target === 'flac' ? ['-f', 'flac'] : ['-c:a', 'pcm_s16le', '-f', 'wav']),
    '/output',
  ];
}

interface StreamLine {
  kind: string;
  codec: string;
  rest: string;
}

/** The input's `Stream #0:1[0x2](und): Audio: aac (LC) ...` lines; the output's come after "Stream mapping:". */
function streamsOf(stderr: string): StreamLine[] {
  const input = stderr.split(/^Stream mapping:/m)[0] ?? '';
  return [...input.matchAll(/^ {2}Stream #0:\d+\S*: (\w+): ([\w-]+)(.*)$/gm)].map(
    ([, kind = '', codec = '', rest = '']) => ({
      kind,
      codec,
      rest,
    }),
  );
}

/** ffmpeg names the codec; the MP3 decoder that it prefers has another name. */
function decoderOf(codec: string): string {
  return codec === 'mp3' ? 'mp3float' : codec;
}

function declaredSecondsOf(stderr: string): number | null {
  if (stderr.includes('Estimating duration from bitrate')) return null;
  const [, hours, minutes, seconds] = /^ {2}Duration: (\d+):(\d\d):(\d\d\.\d+)/m.exec(stderr) ?? [];
  return hours === undefined ? null : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** ffmpeg's name of a channel layout as a number: `mono`, `stereo`, `5.1(side)`, `3 channels`. 0 when it is none of these. */
function channelsOf(layout: string): number {
  if (layout === 'mono') return 1;
  if (layout === 'stereo' || layout === 'downmix') return 2;
  if (layout === 'quad') return 4;
  const [, whole, low] = /^(\d+)(?:\.(\d+))?/.exec(layout) ?? [];
  return whole === undefined ? 0 : Number(whole) + Number(low ?? 0);
}

function tail(stderr: string): string {
  return stderr.trim().split('\n').slice(-5).join('\n');
}
