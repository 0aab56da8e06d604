import type { AudioRefusalReason } from '@attune/media';

/** What the owner of refused audio can do about it. */
export const AUDIO_FIXES: Record<AudioRefusalReason, string> = {
  empty: 'Check that the recording was saved, and upload it again.',
  unknown_format: 'Upload the recording as MP3, WAV, FLAC, M4A, AAC or OGG.',
  no_audio: 'Upload a file that holds sound.',
  video: 'Save the sound of the video as MP3, WAV, FLAC, M4A, AAC or OGG, and upload that.',
  unsupported_codec: 'Convert the recording to MP3, 16-bit WAV or FLAC, and upload it again.',
  undecodable: 'Check that the recording plays from beginning to end, and upload it again.',
  truncated: 'Upload the complete file again.',
  too_long: 'Cut the recording into shorter ones, each with its own transcript.',
};
