import * as fc from 'fast-check';
import { displayFilename } from './data-item';

describe('a client’s file name', () => {
  it('is shown without folders, control or direction-changing characters, and never longer than 255', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (name) => {
        const shown = displayFilename(name, 'audio');
        expect(shown).not.toMatch(/[/\\]/);

        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
        expect(Array.from(shown).length).toBeLessThanOrEqual(255);
        expect(['', '.', '..']).not.toContain(shown);
      }),
    );
  });

  it.each([undefined, '', '..', '../', 'a/', '\u0000'])('is replaced when nothing of %j can be shown', (name) => {
    expect(displayFilename(name, 'audio')).toBe('audio');
  });
});
