import { judgeWordRate, MAX_TRANSCRIPT_BYTES, readTranscript } from './transcript';

const read = (text: string | Buffer) => readTranscript(Buffer.from(text as string));

describe('readTranscript', () => {
  it('takes off a byte order mark and outer white space, and writes NFC with plain line ends', () => {
    expect(read('\ufeff  cafe\u0301 noir\r\nnext\rline \n')).toEqual({
      text: 'caf\u00e9 noir\nnext\nline',
      wordCount: 4,
    });
  });

  it('counts words in scripts that write none', () => {
    expect(read('これは日本語の文章です。')).toMatchObject({ wordCount: expect.any(Number) as number });
    const counted = read('これは日本語の文章です。');
    expect(typeof counted === 'string' ? 0 : counted.wordCount).toBeGreaterThan(3);
  });

  it.each([
    ['Latin-1', Buffer.from('caf\u00e9 noir', 'latin1'), 'transcript_not_utf8'],
    ['UTF-16 with a mark', Buffer.from('\ufeffhello there', 'utf16le'), 'transcript_not_utf8'],
    ['UTF-16 without one', Buffer.from('hello there', 'utf16le'), 'transcript_control_characters'],
    ['an overlong form', Buffer.from([0x61, 0xc0, 0x80]), 'transcript_not_utf8'],
    ['a surrogate', Buffer.from([0x61, 0xed, 0xa0, 0x80]), 'transcript_not_utf8'],
    ['a sequence that is cut', Buffer.from([0x61, 0xc3]), 'transcript_not_utf8'],
    ['NUL', Buffer.from('a\0b'), 'transcript_control_characters'],
    ['an escape sequence', Buffer.from('\u001b[31mred'), 'transcript_control_characters'],
    ['a C1 control character', Buffer.from('a\u0085b'), 'transcript_control_characters'],
    ['nothing', Buffer.alloc(0), 'transcript_empty'],
    ['a byte order mark alone', Buffer.from('\ufeff'), 'transcript_empty'],
    ['white space', Buffer.from(' \n\t\r\n '), 'transcript_empty'],
    ['punctuation alone', Buffer.from('... --- !?'), 'transcript_empty'],
    ['more than 1 MiB', Buffer.alloc(MAX_TRANSCRIPT_BYTES + 1, 'a '), 'transcript_too_large'],
  ])('refuses %s', (_name, bytes, fault) => {
    expect(readTranscript(bytes)).toBe(fault);
  });

  it('accepts exactly 1 MiB', () => {
    expect(readTranscript(Buffer.alloc(MAX_TRANSCRIPT_BYTES, 'word '))).toMatchObject({
      wordCount: expect.any(Number) as number,
    });
  });
});

describe('the time for 1 MiB is bounded', () => {
  it.each(['word ', '\u5b57', 'x', 'a\n', '. '])('of %j', (unit) => {
    const bytes = Buffer.alloc(MAX_TRANSCRIPT_BYTES - (MAX_TRANSCRIPT_BYTES % 3), unit);
    const started = performance.now();
    readTranscript(bytes);
    expect(performance.now() - started).toBeLessThan(3000);
  });
});

describe('judgeWordRate', () => {
  const severity = (words: number, ms: number): string | null => {
    const verdict = judgeWordRate(words, ms);
    return verdict === null || typeof verdict === 'string' ? verdict : verdict.severity;
  };

  it.each([
    [25, 10_000, null],
    [53, 10_000, null],
    [54, 10_000, 'warning'],
    [83, 10_000, 'warning'],
    [84, 10_000, 'transcript_too_long_for_audio'],
    [4, 500, null],
    [1, 19_000, null],
    [1, 20_000, 'warning'],
    [30, 60_000, null],
    [29, 60_000, 'warning'],
    [3, 60_000, 'warning'],
    [2, 60_000, 'transcript_too_short_for_audio'],
    [100, 3_600_000, 'transcript_too_short_for_audio'],
  ])('%d words in %d ms: %s', (words, ms, expected) => {
    expect(severity(words, ms)).toBe(expected);
  });
});
