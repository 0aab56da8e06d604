import { AppError } from '@attune/kernel';

/** Why audio is refused, with what its sender reads. */
const MESSAGES = {
  empty: 'The audio file is empty',
  unknown_format: 'The file is not audio of a supported format (MP3, WAV, FLAC, M4A, AAC, OGG)',
  no_audio: 'The file holds no sound',
  video: 'The file is a video; send its sound alone',
  unsupported_codec: 'The sound is encoded in a way that is not supported',
  undecodable: 'The audio file is damaged and cannot be decoded',
  truncated: 'The audio file ends before its sound does; it was probably cut off',
  too_long: 'The recording is too long',
} as const;

export type AudioRefusalReason = keyof typeof MESSAGES;

/** This audio cannot be used, and trying again will not help. `details.reason` says why. */
export class AudioRefused extends AppError {
  constructor(
    readonly reason: AudioRefusalReason,
    internal?: string,
  ) {
    super('UNSUPPORTED_AUDIO_FORMAT', MESSAGES[reason], { details: { reason }, internal });
    this.name = 'AudioRefused';
  }
}
