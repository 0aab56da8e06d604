import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from '@attune/testing';
import { TestApi } from './test-support/test-api';
import { acceptWithBytes, storedItem } from './test-support/uploading';

const run = promisify(execFile);
const GUIDE = join(__dirname, '..', '..', '..', 'docs', 'guides', 'data.md');

/** The lines that a reader pastes into a terminal, with the address of this test's platform instead of the usual one. */
async function linesOfGuide(url: string): Promise<string> {
  const text = await readFile(GUIDE, 'utf8');
  const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block);
  return blocks.join('\n').replace('API=http://127.0.0.1:8080', `API=${url}`);
}

describe('the guide to data', () => {
  it('works as it stands, line by line', async () => {
    const api = await TestApi.start();
    const folder = await temporaryDirectory('guide');
    const known = new Set<string>();
    const ingesting = setInterval(() => {
      for (const { data } of api.sent('models.data-uploaded.v1')) {
        if (known.has(data.item_id)) continue;
        known.add(data.item_id);
        void acceptWithBytes(api, data, { audioMs: 10_000 });
      }
    }, 50);
    try {
      const { id } = await api.createModel();
      const { data_id } = await storedItem(api, id, {}, { audioMs: 10_000 });
      await mkdir(join(folder, '.attune'));
      await mkdir(join(folder, 'letters'));
      await writeFile(join(folder, '.attune', 'api-key'), api.tenant.key);
      await writeFile(join(folder, 'letter_01.txt'), 'the heart is not enlarged');
      await writeFile(join(folder, 'letter_02.mp3'), 'another recording');
      await writeFile(join(folder, 'letters', 'a.mp3'), 'a recording');
      await writeFile(join(folder, 'letters', 'a.txt'), 'its words');
      const script = `set -euo pipefail\n${await linesOfGuide(api.url)}`;
      const { stdout } = await run('bash', ['-c', script], {
        cwd: folder,
        env: { PATH: process.env.PATH, ID: String(id), DATA: data_id },
      });
      expect(stdout).not.toContain('error_code');
      for (const shown of [
        '"total_results":1',
        '"type":"test"',
        '"status":"unpacking"',
        '"duplicate":false',
        'upload-offset: ',
      ]) {
        expect(stdout).toContain(shown);
      }
      expect(await readFile(join(folder, 'recording.flac'), 'utf8')).toBe('fLaC bytes');
    } finally {
      clearInterval(ingesting);
      await api.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
