import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHome } from './home';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'home-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const file = (): string => join(directory, 'secrets.json');
const stored = (): Record<string, string> => JSON.parse(readFileSync(file(), 'utf8')) as Record<string, string>;

describe('the secrets of a folder', () => {
  it('are drawn once and readable by their owner only', () => {
    const { secrets } = openHome(directory);
    expect(new Set(Object.values(secrets)).size).toBe(5);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(openHome(directory).secrets).toEqual(secrets);
  });

  it('that an earlier release did not know are drawn beside its own', () => {
    const before = openHome(directory).secrets;
    const { sttToken, ...earlier } = before;
    writeFileSync(file(), JSON.stringify(earlier));
    const after = openHome(directory).secrets;
    expect(after).toEqual({ ...before, sttToken: after.sttToken });
    expect(after.sttToken).not.toBe(sttToken);
    expect(stored()).toEqual(after);
  });

  it('that only a later release knows outlive the earlier one, also when that draws one of its own', () => {
    const { sttToken, ...some } = { ...openHome(directory).secrets, ofTomorrow: 'kept' };
    for (const left of [{ ...some, sttToken }, some]) {
      writeFileSync(file(), JSON.stringify(left));
      openHome(directory);
      expect(stored()).toMatchObject(left);
    }
  });
});
