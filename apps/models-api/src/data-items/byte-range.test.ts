import * as fc from 'fast-check';
import { readRange } from './byte-range';
import { attachment } from './download';

describe('a Range header', () => {
  it('never gives a part that is outside of the file, whatever it says', () => {
    const number = fc.oneof(fc.nat(2000), fc.constant(''));
    fc.assert(
      fc.property(fc.nat(1000), number, number, (bytes, first, last) => {
        const range = readRange(`bytes=${String(first)}-${String(last)}`, bytes);
        if (range === null || range === 'none') return;
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.end).toBeGreaterThanOrEqual(range.start);
        expect(range.end).toBeLessThan(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a Content-Disposition', () => {
  it('is one header of plain characters whatever the name has, and gives the name back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const header = attachment(name);
        expect(header).toMatch(
          /^attachment; filename="[\x20\x21\x23-\x5b\x5d-\x7e]*"; filename\*=UTF-8''[\w!#$&+.^`|~%-]*$/,
        );
        expect(decodeURIComponent(header.split("UTF-8''")[1] ?? '')).toBe(name.replace(/\p{Surrogate}/gu, '_'));
      }),
      { numRuns: 1000 },
    );
  });
});
