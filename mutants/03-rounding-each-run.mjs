export default {
  invariant: 3,
  statement: 'The charges of any runs sum to the price of their total',
  file: 'packages/pricing/src/price.ts',
  find: 'return price(book, afterMs) - price(book, beforeMs);',
  replace: 'return roundHalfUp((overage(book, afterMs) - overage(book, beforeMs)) * book.unitCents, book.unitMs);',
  project: 'unit',
  test: 'packages/pricing/src/price.test.ts',
  assertion: 'rating by difference sums to the price of the total, over any partition of the audio and in any order',
};
