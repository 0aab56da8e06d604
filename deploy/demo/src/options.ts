import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** The user's own pairs; null: speech is made. */
  data: string | null;
  /** Minutes of training audio to make. */
  minutes: number;
  seed: number;
}

export const usage = `usage: npm run demo [-- --data DIR] [--minutes N] [--seed N]

  --data DIR   train on your own pairs instead: DIR/train and DIR/test (or pairs in DIR itself; then a fifth is held out
               for the test). A pair is a recording and its transcript with the same name: letter_01.mp3, letter_01.txt
  --minutes N  minutes of dictation to make for training (default 20)
  --seed N     which sentences and voices (default 7)`;

/** Reads the command line. Throws an error whose message is for the user. */
export function readOptions(args: string[]): DemoOptions {
  const { values } = parseArgs({
    args,
    options: { data: { type: 'string' }, minutes: { type: 'string' }, seed: { type: 'string' } },
  });
  return {
    data: values.data === undefined ? null : resolve(values.data),
    minutes: positive('--minutes', values.minutes, 20),
    seed: positive('--seed', values.seed, 7),
  };
}

function positive(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!(value > 0)) throw new Error(`${name} must be a number above 0`);
  return value;
}
