import { RecentAnswers } from './recent-answers';

const MAX_AGE_MS = 1000;

/** A question whose answers the test gives. */
class Oracle {
  now = 0;
  readonly asked: { key: string; answer: (value: string | null) => void; fail: (error: Error) => void }[] = [];
  readonly answers: RecentAnswers<string, string>;

  constructor(maxKeys = 100) {
    const ask = (key: string) =>
      new Promise<string | null>((answer, fail) => {
        this.asked.push({ key, answer, fail });
      });
    this.answers = new RecentAnswers(ask, { maxAgeMs: MAX_AGE_MS, maxKeys, now: () => this.now });
  }

  async known(key: string, value: string): Promise<void> {
    const got = this.answers.get(key);
    this.asked.at(-1)?.answer(value);
    await got;
  }
}

describe('recent answers', () => {
  it('ask once for all who come while there is no answer', async () => {
    const oracle = new Oracle();
    const gets = [oracle.answers.get('a'), oracle.answers.get('a'), oracle.answers.get('a')];
    expect(oracle.asked).toHaveLength(1);
    oracle.asked[0]?.answer('one');
    expect(await Promise.all(gets)).toEqual(['one', 'one', 'one']);
    expect(await oracle.answers.get('a')).toBe('one');
    expect(oracle.asked).toHaveLength(1);
  });

  it('ask again in the second half of their age, once, while everybody gets the one that is there', async () => {
    const oracle = new Oracle();
    await oracle.known('a', 'one');
    oracle.now = MAX_AGE_MS / 2 - 1;
    await oracle.answers.get('a');
    expect(oracle.asked).toHaveLength(1);
    oracle.now = MAX_AGE_MS / 2;
    expect(await Promise.all([oracle.answers.get('a'), oracle.answers.get('a')])).toEqual(['one', 'one']);
    expect(oracle.asked).toHaveLength(2);
    oracle.asked[1]?.answer('two');
    await Promise.resolve();
    expect(await oracle.answers.get('a')).toBe('two');
  });

  it('are never given to anybody who came later than their age allows, counted from the question', async () => {
    const oracle = new Oracle();
    const slow = oracle.answers.get('a');
    oracle.now = MAX_AGE_MS;
    const late = oracle.answers.get('a');
    expect(oracle.asked).toHaveLength(2);
    oracle.asked[1]?.answer('new');
    expect(await late).toBe('new');
    oracle.asked[0]?.answer('old');
    expect(await slow).toBe('old');
    expect(await oracle.answers.get('a')).toBe('new');
    oracle.now = 2 * MAX_AGE_MS;
    void oracle.answers.get('a');
    expect(oracle.asked).toHaveLength(3);
  });

  it('keep neither that there is nothing, nor a failure, nor what was forgotten while it was asked for', async () => {
    const oracle = new Oracle();
    const nothing = oracle.answers.get('a');
    oracle.asked[0]?.answer(null);
    expect(await nothing).toBeNull();
    const failed = oracle.answers.get('a');
    oracle.asked[1]?.fail(new Error('away'));
    await expect(failed).rejects.toThrow('away');
    const forgotten = oracle.answers.get('a');
    oracle.answers.forget('a');
    oracle.asked[2]?.answer('one');
    expect(await forgotten).toBe('one');
    void oracle.answers.get('a');
    expect(oracle.asked).toHaveLength(4);
  });

  it('stay good, and the last one known, when asking again fails', async () => {
    const oracle = new Oracle();
    await oracle.known('a', 'one');
    oracle.now = MAX_AGE_MS - 1;
    expect(await oracle.answers.get('a')).toBe('one');
    oracle.asked[1]?.fail(new Error('away'));
    await Promise.resolve();
    oracle.now = MAX_AGE_MS;
    const failed = oracle.answers.get('a');
    oracle.asked.at(-1)?.fail(new Error('away'));
    await expect(failed).rejects.toThrow('away');
    expect(oracle.answers.last('a')).toBe('one');
  });

  it('are kept for a bounded number of keys, the latest asked for', async () => {
    const oracle = new Oracle(2);
    for (const key of ['a', 'b', 'c']) await oracle.known(key, key);
    expect([oracle.answers.last('a'), oracle.answers.last('b'), oracle.answers.last('c')]).toEqual([
      undefined,
      'b',
      'c',
    ]);
  });
});
