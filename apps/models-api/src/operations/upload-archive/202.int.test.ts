import { createHash } from 'node:crypto';
import { eventually } from '@attune/testing';
import { ArchivesService } from '../../archives/archives.service';
import { outcomesOf, readArchive, tarGzOf, unpacked, zipOf, type Members } from '../../test-support/archiving';
import { TestApi } from '../../test-support/test-api';
import { acceptItem, nextUpload, storedItem } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const entriesOf = (members: Members) =>
  Object.entries(members).map(([name, content]) =>
    content === null ? { name, type: 'directory' as const } : { name, content },
  );
const formats: [string, (members: Members) => Promise<Buffer>][] = [
  ['zip', zipOf],
  ['tar.gz', (members) => tarGzOf(entriesOf(members))],
];

describe.each(formats)('POST /api/v3/custom_models/{id}/data/archives answers 202 to a %s', (_, make) => {
  it('and makes items of its pairs by base name, in any order; a folder test/ holds test data', async () => {
    const { id } = await api.createModel();
    const page = await unpacked(
      api,
      id,
      await make({
        'letters/': null,
        'letters/b.txt': 'words of b',
        'letters/a.mp3': 'audio of a',
        'letters/test/c.flac': 'audio of c',
        'letters/a.txt': 'words of a',
        'letters/b.WAV': 'audio of b',
        'letters/test/c.txt': 'words of c',
      }),
    );
    expect(page).toMatchObject({ status: 'done', error: null, counts: { stored: 3, refused: 0, ignored: 1 } });
    const items = await api.database.query<{ data_type: string; audio_filename: string; audio_sha256: string }>(
      'system',
      'SELECT data_type, audio_filename, audio_sha256 FROM data_item WHERE model_id = $1 ORDER BY audio_filename',
      [id],
    );
    expect(items.map(({ data_type, audio_filename }) => `${data_type} ${audio_filename}`)).toEqual([
      'train a.mp3',
      'train b.WAV',
      'test c.flac',
    ]);
    expect(items[0]?.audio_sha256).toBe(`sha256:${createHash('sha256').update('audio of a').digest('hex')}`);
    expect((await api.getModel(id)).training_status).toBe(2);
    expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
  });

  it('and says of every member what became of it; a bad one never rejects the rest', async () => {
    const { id } = await api.createModel();
    const twin = await storedItem(api, id, { audio: 'known audio', transcript: 'known words' });
    await storedItem(api, id, { audio: 'other audio', transcript: 'its words' });
    const page = await unpacked(
      api,
      id,
      await make({
        'good.mp3': 'good audio',
        'good.txt': 'good words',
        'known.mp3': 'known audio',
        'known.txt': 'known words',
        'conflict.mp3': 'other audio',
        'conflict.txt': 'not its words',
        'alone.mp3': 'audio',
        'nothing.txt': 'words',
        'two.mp3': 'audio',
        'two.wav': 'audio',
        'two.txt': 'words',
        'large.mp3': 'x'.repeat(1024 * 1024 + 1),
        'large.txt': 'words',
        'notes.pdf': 'x',
        'inner.zip': 'x',
        '.DS_Store': 'x',
        'last.mp3': 'last audio',
        'last.txt': 'last words',
      }),
    );
    expect(outcomesOf(page)).toEqual({
      'good.mp3': 'stored',
      'last.mp3': 'stored',
      'known.mp3': 'duplicate',
      'conflict.mp3': 'refused DATA_CONFLICT',
      'alone.mp3': 'refused MEMBER_NO_TRANSCRIPT',
      'nothing.txt': 'refused MEMBER_NO_RECORDING',
      'two.mp3': 'refused MEMBER_AMBIGUOUS',
      'two.wav': 'refused MEMBER_AMBIGUOUS',
      'two.txt': 'refused MEMBER_AMBIGUOUS',
      'large.mp3': 'refused PAYLOAD_TOO_LARGE',
      'notes.pdf': 'ignored MEMBER_OTHER_FILE',
      'inner.zip': 'refused MEMBER_NESTED_ARCHIVE',
      '.DS_Store': 'ignored MEMBER_HIDDEN',
    });
    expect(page.members.result.find(({ name }) => name === 'known.mp3')?.data_id).toBe(twin.data_id);
    expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
  });

  it('and pairs recordings with words as its manifest says', async () => {
    const { id } = await api.createModel();
    const lines = [
      { audio: 'clips/1.mp3', text: 'words of one', type: 'test' },
      { audio: 'clips/2.mp3', transcript: 'texts/zwei.txt' },
      { audio: 'clips/3.mp3', text: 'no such clip' },
      { audio: 'clips/2.mp3', text: 'once more' },
    ];
    const manifest = [...lines.map((line) => JSON.stringify(line)), '{"audio": 5}', 'no json'].join('\n');
    const page = await unpacked(
      api,
      id,
      await make({
        'set/clips/1.mp3': 'audio 1',
        'set/texts/zwei.txt': 'words of two',
        'set/manifest.jsonl': manifest,
        'set/clips/2.mp3': 'audio 2',
        'set/clips/4.mp3': 'not named',
      }),
    );
    expect(page.members.result.map(({ name, outcome, reason }) => [name, outcome, reason?.code ?? null])).toEqual([
      ['set/clips/1.mp3', 'stored', null],
      ['set/manifest.jsonl', 'ignored', 'MEMBER_MANIFEST'],
      ['set/clips/2.mp3', 'stored', null],
      ['set/clips/4.mp3', 'ignored', 'MEMBER_NOT_NAMED'],
      ['clips/3.mp3', 'refused', 'MANIFEST_NO_RECORDING'],
      ['clips/2.mp3', 'refused', 'MANIFEST_TWICE'],
      ['manifest.jsonl line 5', 'refused', 'MANIFEST_BAD_LINE'],
      ['manifest.jsonl line 6', 'refused', 'MANIFEST_BAD_LINE'],
    ]);
    const types = await api.database.query(
      'system',
      'SELECT audio_filename AS a, data_type AS t FROM data_item WHERE model_id = $1 ORDER BY 1',
      [id],
    );
    expect(types).toEqual([
      { a: '1.mp3', t: 'test' },
      { a: '2.mp3', t: 'train' },
    ]);
  });

  it('and takes the form’s type for all of them; a later verdict shows in the member', async () => {
    const { id } = await api.createModel();
    const page = await unpacked(api, id, await make({ 'a.mp3': 'A', 'a.txt': 'words' }), 'test');
    expect(page).toMatchObject({ type: 'test', members: { result: [{ type: 'test', item_status: 'processing' }] } });
    await acceptItem(api, await nextUpload(api, id));
    await eventually(async () =>
      expect((await readArchive(api, id, page.archive_id)).members.result[0]?.item_status).toBe('ok'),
    );
    expect((await readArchive(api, id, page.archive_id, '?outcome=refused')).members).toMatchObject({
      total_results: 0,
    });
  });

  it('and leaves nothing of the archive itself in the store', async () => {
    const { id } = await api.createModel();
    await unpacked(api, id, await make({ 'a.mp3': 'A', 'a.txt': 'words' }));
    await api.app.get(ArchivesService).removeUseless(3600, new AbortController().signal);
    expect((await api.storedKeys()).filter((key) => key.includes('/archives/'))).toEqual([]);
  });
});
