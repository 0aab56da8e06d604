export interface RecentAnswersSettings {
  /** How long an answer is used, counted from the moment at which it was asked for. */
  maxAgeMs: number;
  /** Above this many keys those asked for longest ago are forgotten; default 10 000. */
  maxKeys?: number;
  /** Monotonic milliseconds; default `performance.now`. */
  now?: () => number;
}

interface Entry<V> {
  answer: { value: V; askedAt: number } | null;
  question: { value: Promise<V | null>; askedAt: number } | null;
}

/**
 * Answers to a question that is asked far more often than its answer changes. One that is used in the second half of its age is
 * asked for again meanwhile, so that with steady use nobody waits; who comes while there is none waits for the one question under
 * way. Nobody gets what was asked for more than `maxAgeMs` before they came. That there is nothing (null) is not kept.
 */
export class RecentAnswers<K, V> {
  private readonly entries = new Map<K, Entry<V>>();
  private readonly maxKeys: number;
  private readonly now: () => number;

  constructor(
    private readonly ask: (key: K) => Promise<V | null>,
    private readonly settings: RecentAnswersSettings,
  ) {
    this.maxKeys = settings.maxKeys ?? 10_000;
    this.now = settings.now ?? (() => performance.now());
  }

  /** Throws what asking failed with, to all who waited for it. */
  async get(key: K): Promise<V | null> {
    const now = this.now();
    const entry = this.entries.get(key) ?? { answer: null, question: null };
    const { answer } = entry;
    if (answer && this.isGood(answer, now)) {
      if (now - answer.askedAt >= this.settings.maxAgeMs / 2) this.question(key, entry, now).catch(() => undefined);
      return answer.value;
    }
    return this.question(key, entry, now);
  }

  /** The last answer, however old; undefined when there is none. */
  last(key: K): V | undefined {
    return this.entries.get(key)?.answer?.value;
  }

  /** The next use asks, and what a question under way will answer is not kept. */
  forget(key: K): void {
    this.entries.delete(key);
  }

  private isGood({ askedAt }: { askedAt: number }, now: number): boolean {
    return now - askedAt < this.settings.maxAgeMs;
  }

  private question(key: K, entry: Entry<V>, now: number): Promise<V | null> {
    if (entry.question && this.isGood(entry.question, now)) return entry.question.value;
    const question = { value: this.ask(key), askedAt: now };
    entry.question = question;
    this.keep(key, entry);
    return question.value.then(
      (value) => {
        if (entry.question !== question) return value;
        entry.question = null;
        if (value !== null) entry.answer = { value, askedAt: now };
        else if (this.entries.get(key) === entry) this.entries.delete(key);
        return value;
      },
      (error: unknown) => {
        if (entry.question === question) entry.question = null;
        throw error;
      },
    );
  }

  /** A map has its keys in the order in which they were put in. */
  private keep(key: K, entry: Entry<V>): void {
    this.entries.delete(key);
    this.entries.set(key, entry);
    const [oldest] = this.entries.keys();
    if (this.entries.size > this.maxKeys && oldest !== undefined) this.entries.delete(oldest);
  }
}
