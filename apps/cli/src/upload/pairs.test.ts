import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findPairs, typePairs, type FoundPair } from './pairs';

describe('pairs of a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attune-pairs-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const put = async (...paths: string[]) => {
    for (const path of paths) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), 'x');
    }
  };

  it('are files of one name in one folder; other files and hidden ones do not count', async () => {
    await put('b.wav', 'b.txt', 'deep/er/a.ogg', 'deep/er/a.txt', 'notes.md', '.hidden/c.wav', '.hidden/c.txt');
    const { pairs, unpaired } = await findPairs(folder);
    expect(pairs.map(({ name }) => name)).toEqual(['b', 'deep/er/a']);
    expect(unpaired).toEqual([]);
  });

  it('are not guessed: a file without a partner, or with two, is named with the reason', async () => {
    await put('a.wav', 'b.txt', 'c.wav', 'c.mp3', 'c.txt', 'x/d.wav', 'y/d.txt');
    const { pairs, unpaired } = await findPairs(folder);
    expect(pairs).toEqual([]);
    expect(Object.fromEntries(unpaired.map(({ path, reason }) => [path, reason]))).toEqual({
      'a.wav': 'no transcript beside it',
      'b.txt': 'no recording beside it',
      'c.mp3': 'several recordings of this name',
      'c.wav': 'several recordings of this name',
      'x/d.wav': 'no transcript beside it',
      'y/d.txt': 'no recording beside it',
    });
  });

  it('are found behind links to files, and a circle of folders does no harm', async () => {
    await put('real/a.wav', 'a.txt');
    await symlink(join(folder, 'real/a.wav'), join(folder, 'a.wav'));
    await symlink(folder, join(folder, 'real', 'circle'));
    expect((await findPairs(folder)).pairs.map(({ name }) => name)).toEqual(['a']);
  });
});

describe('the type of a pair', () => {
  const file = { path: '', bytes: 1, modifiedMs: 1 };
  const pairs = (names: string[]): FoundPair[] => names.map((name) => ({ name, audio: file, transcript: file }));
  const testNames = (typed: ReturnType<typeof typePairs>) =>
    typed.filter(({ type }) => type === 'test').map(({ pair }) => pair.name);

  it('comes from the folder when nothing is said', () => {
    expect(testNames(typePairs(pairs(['a', 'test/b', 'train/test']), {}))).toEqual(['test/b']);
  });

  it('is chosen by share: as many as asked for, and the same ones on every run', () => {
    const names = Array.from({ length: 50 }, (_, index) => `letter_${String(index)}`);
    const first = testNames(typePairs(pairs(names), { share: 0.2 }));
    expect(first).toHaveLength(10);
    expect(testNames(typePairs(pairs([...names].reverse()), { share: 0.2 })).sort()).toEqual([...first].sort());
  });

  it('is the fixed one for all', () => {
    expect(testNames(typePairs(pairs(['a', 'b']), { fixed: 'test' }))).toEqual(['a', 'b']);
  });
});
