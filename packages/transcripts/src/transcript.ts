/** Something about a transcript that its owner should know. */
export interface TranscriptIssue {
  code: string;
  severity: 'warning' | 'error';
  message: string;
  fix: string;
}

export const MAX_TRANSCRIPT_BYTES = 1024 * 1024;

/**
 * How many words a second are believed. People dictate 1.5 to 3 and auctioneers reach about 6; a pair outside of the refused bounds has
 * the wrong transcript, or a part of one. The spare words are for short clips, where a second more or less is much.
 */
export const WORD_RATES = {
  refusedAbove: 8,
  warnedAbove: 5,
  warnedBelow: 0.5,
  refusedBelow: 0.05,
  spareWords: 3,
  /** Short recordings may well be almost silent; the lower bounds begin here. */
  lowerBoundsFromMs: 20_000,
} as const;

export type TranscriptFault =
  | 'transcript_too_large'
  | 'transcript_not_utf8'
  | 'transcript_control_characters'
  | 'transcript_empty'
  | 'transcript_too_long_for_audio'
  | 'transcript_too_short_for_audio';

/** What its owner reads, and what to do. */
export const TRANSCRIPT_FAULTS: Record<TranscriptFault, { message: string; fix: string }> = {
  transcript_too_large: {
    message: 'The transcript is larger than 1 MiB',
    fix: 'Upload shorter recordings, each with its own transcript.',
  },
  transcript_not_utf8: {
    message: 'The transcript is not UTF-8 text',
    fix: 'Save the transcript as plain text with the encoding UTF-8.',
  },
  transcript_control_characters: {
    message: 'The transcript contains control characters',
    fix: 'Save the transcript as plain text, without formatting.',
  },
  transcript_empty: {
    message: 'The transcript is empty',
    fix: 'Write down what is said in the recording.',
  },
  transcript_too_long_for_audio: {
    message: 'The transcript has more words than can be spoken in the recording',
    fix: 'Check that the transcript belongs to this recording, and that the recording is complete.',
  },
  transcript_too_short_for_audio: {
    message: 'The transcript has far too few words for the recording',
    fix: 'Check that the transcript belongs to this recording, and that it is complete.',
  },
};

export interface Transcript {
  /** Unicode NFC, without a byte order mark and outer white space, lines ended by LF. */
  text: string;
  wordCount: number;
}

// All of category Cc but tab, LF and CR; and the two non-characters that a broken byte order leaves behind.
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/;
// Scripts that write without spaces, for which word boundaries (UAX 29) take a dictionary.
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const segmenter = new Intl.Segmenter('und', { granularity: 'word' });
/** The segmenter's time grows with the square of its text (20 s for 200 kB), so it gets a text in pieces. */
const SEGMENTED_AT_ONCE = 200;

/** The text of a transcript file as it is stored, or why it is none. Cheap: words are not counted. */
export function normalizeTranscript(bytes: Uint8Array): { text: string } | TranscriptFault {
  if (bytes.length > MAX_TRANSCRIPT_BYTES) return 'transcript_too_large';
  let decoded: string;
  try {
    decoded = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return 'transcript_not_utf8';
  }
  if (CONTROL_CHARACTERS.test(decoded)) return 'transcript_control_characters';
  return { text: decoded.normalize('NFC').replace(/\r\n?/g, '\n').trim() };
}

/** The text of a transcript file with its words counted, or what is wrong with it. */
export function readTranscript(bytes: Uint8Array): Transcript | TranscriptFault {
  const normalized = normalizeTranscript(bytes);
  if (typeof normalized === 'string') return normalized;
  const wordCount = countWords(normalized.text);
  return wordCount === 0 ? 'transcript_empty' : { text: normalized.text, wordCount };
}

/** What stands between spaces and has a letter or digit; in scripts without spaces, their words. */
function countWords(text: string): number {
  let count = 0;
  for (const [piece] of text.matchAll(/\S+/g)) {
    if (!UNSPACED.test(piece)) count += /[\p{L}\p{N}]/u.test(piece) ? 1 : 0;
    else
      for (let at = 0; at < piece.length; at += SEGMENTED_AT_ONCE)
        count += countSegments(piece.slice(at, at + SEGMENTED_AT_ONCE));
  }
  return count;
}

function countSegments(piece: string): number {
  return [...segmenter.segment(piece)].filter(({ isWordLike }) => isWordLike === true).length;
}

/** A fault when these words cannot be of this audio; a warning when they hardly can; null when they may. */
export function judgeWordRate(wordCount: number, audioMs: number): TranscriptFault | TranscriptIssue | null {
  const rate = (wordCount - WORD_RATES.spareWords) / (audioMs / 1000);
  if (rate > WORD_RATES.refusedAbove) return 'transcript_too_long_for_audio';
  if (rate > WORD_RATES.warnedAbove)
    return warning('transcript_too_long_for_audio', 'Many words for so short a recording');
  if (audioMs < WORD_RATES.lowerBoundsFromMs) return null;
  const plainRate = wordCount / (audioMs / 1000);
  if (plainRate < WORD_RATES.refusedBelow) return 'transcript_too_short_for_audio';
  if (plainRate < WORD_RATES.warnedBelow)
    return warning('transcript_too_short_for_audio', 'Few words for so long a recording');
  return null;
}

function warning(fault: TranscriptFault, message: string): TranscriptIssue {
  return { code: fault.toUpperCase(), severity: 'warning', message, fix: TRANSCRIPT_FAULTS[fault].fix };
}
