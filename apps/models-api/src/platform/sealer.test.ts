import { Sealer } from './sealer';

const sealer = new Sealer('k'.repeat(32), 'tests');

describe('a sealed secret', () => {
  it('opens to the same text, and looks different each time', () => {
    const [one, other] = [sealer.seal('whsec_ü', 'row 1'), sealer.seal('whsec_ü', 'row 1')];
    expect(sealer.open(one, 'row 1')).toBe('whsec_ü');
    expect(one.equals(other)).toBe(false);
    expect(one.toString('latin1')).not.toContain('whsec');
  });

  it('opens neither in another row, for another purpose, with another key, nor with a bit turned', () => {
    const sealed = sealer.seal('secret', 'row 1');
    expect(() => sealer.open(sealed, 'row 2')).toThrow();
    expect(() => new Sealer('k'.repeat(32), 'others').open(sealed, 'row 1')).toThrow();
    expect(() => new Sealer('x'.repeat(32), 'tests').open(sealed, 'row 1')).toThrow();
    const turned = Buffer.from(sealed);
    turned.writeUInt8(turned.readUInt8(turned.length - 1) ^ 1, turned.length - 1);
    expect(() => sealer.open(turned, 'row 1')).toThrow();
  });
});
