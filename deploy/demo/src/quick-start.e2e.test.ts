import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AttuneClient } from '@attune/client';
import { freePort } from '@attune/embedded';
import { readSettings, startPlatform, type Platform } from '@attune/launcher';
import { generateDataset } from '@attune/speech';
import { upload } from './customer-job';
import { madeData, type PairOnDisk } from './data';

jest.setTimeout(600_000);

const run = promisify(execFile);
const GUIDE = join(__dirname, '..', '..', '..', 'docs', 'guides', 'quick-start.md');
/** A little more than the minute that a local organization needs. */
const MINUTES = 1.2;

describe('the quick start', () => {
  const home = mkdtempSync(join(tmpdir(), 'attune-quick-start-'));
  let platform: Platform;

  beforeAll(async () => {
    const port = String(await freePort());
    platform = await startPlatform(readSettings({ ...process.env, ATTUNE_HOME: home, ATTUNE_PORT: port }));
  });
  afterAll(async () => {
    await platform.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('works as it stands, pasted line by line into a terminal, with real recordings', async () => {
    const directory = join(home, 'speech');
    await generateDataset({ directory, seed: 5, minutes: MINUTES, testItems: 3, freeItems: 0 });
    const data = madeData(directory);
    symlinkSync(home, join(home, '.attune')); // where a reader's shell stands, the key lies in .attune
    const letter = mp3Of(data.train);
    put(letter, join(home, 'letter_01'));
    put(mp3Of(data.test), join(home, 'letter_test_01'));
    copyFileSync(mp3Of(data.test).audio, join(home, 'new_recording.mp3'));

    const [addresses = '', create = '', uploads = '', start = '', transcribe = '', ...more] = paragraphs();
    expect(more).toEqual([]);
    const client = new AttuneClient({ baseUrl: platform.url, apiKey: readFileSync(platform.keyFile, 'utf8').trim() });
    const paste = async (lines: string, id = 0): Promise<string> => {
      const first = addresses.replace('http://127.0.0.1:8080', platform.url);
      const script = `set -euo pipefail\n${first}\nID=${String(id)}\n${lines.replace(/^ID=.*$/m, '')}`;
      const { stdout } = await run('bash', ['-c', script], { cwd: home });
      expect(stdout).not.toContain('error_code');
      return stdout;
    };

    const { id } = JSON.parse(await paste(create)) as { id: number };
    expect(await paste(uploads, id)).toContain('"data_type":"test"');
    await upload(
      client,
      id,
      data.train.filter((pair) => pair !== letter).map((pair) => ({ type: 'train', pair })),
    );
    expect(await paste(start, id)).toContain('"training_status":3');
    expect((await client.waitForRun(id)).training_status).toBe(4);
    const { text, words, model } = JSON.parse(await paste(transcribe, id)) as Record<string, unknown>;
    expect(model).toBe(`custom_model_${String(id)}`);
    expect(text).not.toBe('');
    expect(words).not.toEqual([]);
  });
});

/** The paragraphs of what a reader pastes. */
function paragraphs(): string[] {
  const [, block = ''] = /```sh\n([^]*?)```/.exec(readFileSync(GUIDE, 'utf8')) ?? [];
  return block.trim().split('\n\n');
}

function mp3Of(pairs: readonly PairOnDisk[]): PairOnDisk {
  const found = pairs.find(({ audio }) => audio.endsWith('.mp3'));
  if (!found) throw new Error('no recording was made as MP3');
  return found;
}

function put(pair: PairOnDisk, path: string): void {
  copyFileSync(pair.audio, `${path}.mp3`);
  copyFileSync(pair.transcript, `${path}.txt`);
}
