import { Deck, type Random } from '../random';

/** Part names to their wordings; a wording may name parts in braces. */
export type Grammar = Readonly<Record<string, readonly [string, ...string[]]>>;

/** "a" becomes "an" before a vowel's sound; no word of ours begins with u or a silent h after an article. */
function withArticles(sentence: string): string {
  return sentence.replace(/\b([Aa]) (?=[aeio]|8|11\b|18\b)/g, '$1n ');
}

/** Sentences of a grammar, each different from all before. */
export class SentenceSource {
  private readonly decks = new Map<string, Deck<string>>();
  private readonly used: Set<string>;

  /**
   * @param start the part that is a whole sentence
   * @param exclude sentences that must not come
   */
  constructor(
    private readonly grammar: Grammar,
    private readonly start: string,
    private readonly random: Random,
    exclude: Iterable<string> = [],
  ) {
    this.used = new Set(exclude);
  }

  /** @throws Error when a thousand tries brought nothing new: the grammar has been used up. */
  next(): string {
    for (let attempt = 0; attempt < 1000; attempt++) {
      const sentence = withArticles(this.expand(this.start));
      if (this.used.has(sentence)) continue;
      this.used.add(sentence);
      return sentence;
    }
    throw new Error(`The grammar has no more than ${this.used.size} sentences`);
  }

  private expand(part: string): string {
    return this.deckOf(part)
      .draw()
      .replace(/\{(\w+)\}/g, (_, inner: string) => this.expand(inner));
  }

  private deckOf(part: string): Deck<string> {
    const wordings = this.grammar[part];
    if (wordings === undefined) throw new Error(`The grammar has no part ${part}`);
    const deck = this.decks.get(part) ?? new Deck(wordings, this.random);
    this.decks.set(part, deck);
    return deck;
  }
}
