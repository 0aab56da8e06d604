import fc from 'fast-check';
import { Deck, seededRandom, shuffled } from './random';

it('the same key gives the same numbers, another key gives others', () => {
  const draw = (key: string) => Array.from({ length: 5 }, seededRandom(key));
  expect(draw('7/train')).toEqual(draw('7/train'));
  expect(draw('7/train')).not.toEqual(draw('8/train'));
});

it('shuffling keeps every item', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.string(), (items, key) => {
      const sort = (list: number[]) => [...list].sort((a, b) => a - b);
      expect(sort(shuffled(items, seededRandom(key)))).toEqual(sort(items));
    }),
  );
});

it('a deck deals each card once before any comes again', () => {
  const deck = new Deck(['a', 'b', 'c', 'c'], seededRandom('deck'));
  for (let round = 0; round < 20; round++)
    expect([deck.draw(), deck.draw(), deck.draw(), deck.draw()].sort()).toEqual(['a', 'b', 'c', 'c']);
});
