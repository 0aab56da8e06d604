import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCli } from './cli';
import { DATA_ID, startPlatform, type Platform } from './test-support/platform';

describe('attune', () => {
  let platform: Platform;
  let home: string;

  beforeEach(async () => {
    platform = await startPlatform();
    home = await mkdtemp(join(tmpdir(), 'attune-cli-'));
  });
  afterEach(async () => {
    platform.close();
    await rm(home, { recursive: true });
  });

  const attune = async (args: string[], variables: NodeJS.ProcessEnv = {}, signal = new AbortController().signal) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const code = await runCli(args, {
      variables: { ATTUNE_URL: platform.url, ATTUNE_API_KEY: 'good', HOME: home, ...variables },
      workingDirectory: home,
      stdout,
      stderr,
      stdin: new PassThrough(),
      signal,
    });
    const textOf = (stream: PassThrough) => String((stream.read() as Buffer | null) ?? '');
    return { code, out: textOf(stdout), err: textOf(stderr) };
  };
  const put = async (path: string, content = 'x') => {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), content);
  };
  const folder = () => join(home, 'letters');

  it('lists models for people and for scripts', async () => {
    const people = await attune(['models']);
    expect(people.out).toMatch(/ID\s+NAME[^]*7\s+Heart clinic\s+en\s+medical\s+success\s+8\.3 %/);
    const scripts = await attune(['models', '--json']);
    expect(JSON.parse(scripts.out)).toMatchObject([{ id: 7, training_status: 4 }]);
    expect([people.code, scripts.code, scripts.err]).toEqual([0, 0, '']);
  });

  it('finds the key in .attune/api-key of the working directory', async () => {
    await put('.attune/api-key', 'good\n');
    expect((await attune(['models'], { ATTUNE_API_KEY: '' })).code).toBe(0);
  });

  it.each([
    [2, 'no key', ['models'], { ATTUNE_API_KEY: '' }, 'npm start'],
    [2, 'an address that is none', ['models'], { ATTUNE_URL: 'here' }, 'ATTUNE_URL'],
    [2, 'an unknown command', ['fly'], {}, '--help'],
    [2, 'an argument left out', ['create'], {}, 'name'],
    [2, 'a base model that there is not', ['create', 'a', '--base-model', 'poetry'], {}, 'general'],
    [2, 'a model argument that is no model', ['status', 'clinic'], {}, 'attune models'],
    [2, 'a question that nobody can answer', ['delete', '7'], {}, '--yes'],
    [1, 'a key that is refused', ['models'], { ATTUNE_API_KEY: 'bad' }, 'ATTUNE_API_KEY'],
    [1, 'a model that there is not', ['status', '8'], {}, 'attune models'],
    [3, 'a platform that does not run', ['models'], { ATTUNE_URL: 'http://127.0.0.1:9' }, 'npm start'],
  ] as const)('ends with %d for %s, and says what to do', async (code, _, args, variables, advice) => {
    const done = await attune([...args], variables);
    expect([done.code, done.out]).toEqual([code, '']);
    expect(done.err).toContain(advice);
  });

  it('gives scripts the error as JSON on stderr', async () => {
    const { err } = await attune(['status', '8', '--json']);
    expect(JSON.parse(err)).toEqual({ error_code: 'MODEL_NOT_FOUND', message: 'It was refused', details: {} });
  });

  it('creates a model and says what comes next', async () => {
    const done = await attune(['create', 'Heart clinic', '-l', 'en', '-b', 'medical']);
    expect(done.out).toBe('created custom_model_7 "Heart clinic"\nnext: attune upload 7 FOLDER\n');
  });

  it('uploads every pair below a folder, and names files without a partner', async () => {
    await Promise.all(
      ['letters/a.wav', 'letters/a.txt', 'letters/test/b.MP3', 'letters/test/b.txt', 'letters/c.wav'].map((path) =>
        put(path),
      ),
    );
    const done = await attune(['upload', 'custom_model_7', folder()]);
    expect(done.code).toBe(0);
    expect(platform.uploads.sort()).toEqual(['test b.MP3', 'train a.wav']);
    expect(done.out).toContain('uploaded 2 of 2 pairs');
    expect(done.err).toContain('c.wav: no transcript beside it');
  });

  it('sends only what is missing when it is run again, and what has changed', async () => {
    await Promise.all(['letters/a.wav', 'letters/a.txt', 'letters/b.wav', 'letters/b.txt'].map((path) => put(path)));
    await attune(['upload', '7', folder()]);
    await put('letters/d.wav');
    await put('letters/d.txt');
    await utimes(join(folder(), 'b.txt'), 1, 1);
    platform.uploads.length = 0;
    const again = await attune(['upload', '7', folder(), '--json']);
    expect(platform.uploads.sort()).toEqual(['train b.wav', 'train d.wav']);
    expect(JSON.parse(again.out)).toMatchObject({ uploaded: 2, skipped: 1, refused: [] });
  });

  it('collects refused pairs in a table, sends the rest, and ends with 1', async () => {
    await Promise.all(
      ['letters/a.wav', 'letters/a.txt', 'letters/broken.wav', 'letters/broken.txt'].map((path) => put(path)),
    );
    const done = await attune(['upload', '7', folder(), '--parallel', '1']);
    expect([done.code, platform.uploads]).toEqual([1, ['train a.wav', 'train broken.wav']]);
    expect(done.err).toMatch(
      /PAIR\s+CODE\s+REASON\nbroken\s+UNSUPPORTED_AUDIO_FORMAT\s+It was refused; issues: Send a recording/,
    );
  });

  it('stops at a refusal that holds for every pair, and says how to go on', async () => {
    await Promise.all(
      ['letters/forbidden.wav', 'letters/forbidden.txt', 'letters/z.wav', 'letters/z.txt'].map((path) => put(path)),
    );
    const done = await attune(['upload', '7', folder(), '--parallel', '1']);
    expect([done.code, platform.uploads]).toEqual([1, ['train forbidden.wav']]);
    expect(done.err).toContain('run the same command again');
    expect(done.err).toContain('PLAN_UPGRADE_REQUIRED');
  });

  it('refuses a folder without a pair, or that is not there', async () => {
    await put('letters/a.wav');
    expect((await attune(['upload', '7', folder()])).code).toBe(2);
    expect((await attune(['upload', '7', join(home, 'nowhere')])).code).toBe(2);
  });

  it('sends an archive, and tells which members were refused', async () => {
    await put('letters.zip', 'PK');
    const done = await attune(['upload', '7', join(home, 'letters.zip')]);
    expect([done.code, platform.uploads]).toEqual([1, ['letters.zip']]);
    expect(done.out).toContain('stored 2 pairs, 1 were stored before, 1 refused');
    expect(done.err).toMatch(/alone\.mp3\s+MEMBER_NO_TRANSCRIPT\s+There is no transcript/);
  });

  it('lists data and shows one item with what to do about it', async () => {
    const list = await attune(['data', 'list', '7', '--status', 'warning']);
    expect(list.out).toMatch(/ID\s+TYPE[^]*train\s+warning\s+1:01\s+letter_01\.mp3\s+TRANSCRIPT_TOO_SHORT/);
    const scripts = await attune(['data', 'list', '7', '--json']);
    expect(JSON.parse(scripts.out)).toMatchObject({ data_id: DATA_ID });
    expect((await attune(['data', 'show', '7', DATA_ID])).out).toContain('warning: Few words. Check it.');
  });

  it('moves, mends, downloads and deletes an item; nothing on disk is overwritten', async () => {
    expect((await attune(['data', 'move', '7', DATA_ID, 'test'])).out).toContain('is test data now');
    expect((await attune(['data', 'move', '7', DATA_ID, 'validation'])).code).toBe(2);
    await put('new.txt', 'better words');
    const mended = await attune(['data', 'replace-transcript', '7', DATA_ID, join(home, 'new.txt')]);
    expect(mended.out).toContain('transcript  new.txt');
    const target = join(home, 'saved.flac');
    expect((await attune(['data', 'download', '7', DATA_ID, target])).code).toBe(0);
    expect(await readFile(target, 'utf8')).toBe('fLaC of it');
    const again = await attune(['data', 'download', '7', DATA_ID, target]);
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('is there already') as string]);
    expect((await attune(['data', 'delete', '7', DATA_ID])).code).toBe(2);
    expect((await attune(['data', 'delete', '7', DATA_ID, '--yes'])).out).toContain('deleted letter_01.mp3');
  });

  it('trains: shows the new log lines only, then the figures with the word that users read them by', async () => {
    platform.logLines = ['of an earlier run'];
    platform.statuses = [3, 3, 4];
    const lines = setTimeout(() => platform.logLines.push('epoch 1 of 3'), 100);
    const done = await attune(['train', '7']);
    clearTimeout(lines);
    expect(done.code).toBe(0);
    expect(done.err).toContain('epoch 1 of 3');
    expect(done.err).not.toContain('earlier run');
    expect(done.out).toContain('8.3 % (excellent)');
    expect(done.out).toContain('66.4 % fewer word errors');
  });

  it('ends with 4 and the reason when the run fails', async () => {
    platform.statuses = [3, 5];
    const done = await attune(['train', '7', '--json']);
    expect(done.code).toBe(4);
    expect(JSON.parse(done.out)).toMatchObject({ error: { message: 'The audio is silent' } });
  });

  it('ends the watching, not the training, when it is interrupted', async () => {
    platform.statuses = [3];
    const interrupted = new AbortController();
    setTimeout(() => interrupted.abort(), 200);
    const done = await attune(['train', '7'], {}, interrupted.signal);
    expect([done.code, done.out]).toEqual([130, '']);
    expect(done.err).toContain('goes on');
  });

  it('starts training without watching it', async () => {
    expect((await attune(['train', '7', '--no-wait'])).out).toContain('attune logs 7 --follow');
  });

  it('follows the log until the run ends', async () => {
    platform.logLines = ['one', 'two'];
    platform.statuses = [3, 4];
    const done = await attune(['logs', '7', '--follow', '--json']);
    expect(
      done.out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { message: string }).message),
    ).toEqual(['one', 'two']);
  });

  it('cancels a run and says how it ended, or does not wait for that', async () => {
    platform.statuses = [2];
    expect((await attune(['cancel', '7', '--no-wait'])).out).toContain('within seconds');
    expect(await attune(['cancel', '7'])).toMatchObject({ code: 0, err: '' });
  });

  it('lists runs with their place in the queue or why they failed', async () => {
    const { out } = await attune(['runs', '7']);
    expect(out).toMatch(/queued\s+1:01\s+number 3 in the queue/);
    expect(out).toMatch(/failed\s+1:01\s+The audio is silent/);
  });

  it('lists versions, activates one, and transcribes with one that is pinned', async () => {
    expect((await attune(['versions', '7'])).out).toMatch(/\*\s+2\s+\S+\s+8\.3 %\s+1:01\s+custom_model_7@2/);
    expect((await attune(['activate', '7', '2'])).out).toBe('custom_model_7 serves with version 2\n');
    expect((await attune(['activate', '7', 'two'])).code).toBe(2);
    await put('new.wav');
    const done = await attune(['transcribe', join(home, 'new.wav'), '-m', '7@2']);
    expect(done.out).toBe('heard by custom_model_7@2\n');
  });

  it('transcribes with a custom model by its number', async () => {
    await put('new.wav');
    expect((await attune(['transcribe', join(home, 'new.wav'), '-m', '7'])).out).toBe('heard by custom_model_7\n');
  });

  it('deletes without a question when told so', async () => {
    expect((await attune(['delete', '7', '--yes'])).out).toContain('deleted custom_model_7');
  });
});
