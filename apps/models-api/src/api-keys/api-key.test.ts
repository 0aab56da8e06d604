import * as fc from 'fast-check';
import { hashApiKey, makeApiKey, matchesHash, publicIdOf } from './api-key';

describe('an API key', () => {
  it('has a prefix, eight characters of public id, 32 random ones and a checksum of six', () => {
    for (let n = 0; n < 100; n++) {
      const key = makeApiKey();
      expect(key).toMatch(/^attune_[0-9A-Za-z]{46}$/);
      expect(publicIdOf(key)).toBe(key.slice(7, 15));
    }
  });

  it('is refused without its secret being looked up when any one character is another', () => {
    const key = makeApiKey();
    fc.assert(
      fc.property(fc.nat(key.length - 1), fc.constantFrom('0', 'a', 'Z', '_', ' '), (at, character) => {
        fc.pre(key[at] !== character);
        expect(publicIdOf(key.slice(0, at) + character + key.slice(at + 1))).toBeNull();
      }),
    );
  });

  it('is never read out of junk', () => {
    fc.assert(fc.property(fc.string(), (text) => publicIdOf(text) === null));
  });

  it('matches its own hash under its own pepper alone', () => {
    const key = makeApiKey();
    const hash = hashApiKey(key, 'pepper');
    expect(matchesHash(key, hash, 'pepper')).toBe(true);
    expect(matchesHash(key, hash, 'other')).toBe(false);
    expect(matchesHash(makeApiKey(), hash, 'pepper')).toBe(false);
    expect(matchesHash(key, hash.subarray(1), 'pepper')).toBe(false);
  });
});
