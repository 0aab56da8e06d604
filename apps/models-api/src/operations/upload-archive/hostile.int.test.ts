import { randomBytes } from 'node:crypto';
import { crc32, gzipSync } from 'node:zlib';
import type { ErrorBody } from '@attune/contracts';
import { outcomesOf, postArchive, tarGzOf, unpacked, zipOf } from '../../test-support/archiving';
import { TestApi } from '../../test-support/test-api';
import { dataPath } from '../../test-support/uploading';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const good = [
  { name: 'good.mp3', content: 'audio' },
  { name: 'good.txt', content: 'words' },
];

/** A zip made by hand: its names and sizes may be anything. */
function rawZip(
  members: { name: string; data: Buffer; claimedBytes?: number; offset?: number; mode?: number }[],
): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, data, claimedBytes = data.length, offset, mode = 0o100644 } of members) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    // Only of a packed member may the two lengths differ.
    const method = claimedBytes === data.length ? 0 : 8;
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(crc32(data), 14);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(claimedBytes, 22);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(0x0314, 4);
    central.writeUInt16LE(20, 6);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc32(data), 16);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt32LE(claimedBytes, 24);
    central.writeUInt16LE(Buffer.byteLength(name), 28);
    central.writeUInt32LE((mode << 16) >>> 0, 38);
    central.writeUInt32LE(offset ?? at, 42);
    directory.push(central, Buffer.from(name));
    if (offset !== undefined) continue;
    locals.push(local, Buffer.from(name), data);
    at += 30 + Buffer.byteLength(name) + data.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

async function expectOnlyGood(archive: Buffer, outcomes: Record<string, string>): Promise<void> {
  const { id } = await api.createModel();
  const page = await unpacked(api, id, archive);
  expect([page.status, outcomesOf(page)]).toEqual(['done', { 'good.mp3': 'stored', ...outcomes }]);
  for (const key of await api.storedKeys()) {
    expect(key).toMatch(
      /^o\/[0-9a-f-]{36}\/m\/\d+\/(data\/[0-9a-f-]{36}\/upload\/(audio|transcript)|archives\/[0-9a-f-]{36}\/archive)$/,
    );
  }
  expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
}

describe('a hostile archive', () => {
  const hostileNames = [
    '../../etc/cron.d/x.mp3',
    '/etc/x.mp3',
    'a/../../x.mp3',
    'C:\\x.mp3',
    'a\\..\\x.mp3',
    'a\rb.mp3',
  ];
  const refusedNames = Object.fromEntries(
    hostileNames.map((name) => [name.replace('\r', '�'), 'refused MEMBER_UNSAFE_NAME']),
  );

  it('with names that lead elsewhere: those members are refused, the rest is stored, and no name becomes a path', async () => {
    await expectOnlyGood(
      await tarGzOf([...hostileNames.map((name) => ({ name, content: 'x' })), ...good]),
      refusedNames,
    );
    await expectOnlyGood(
      rawZip([
        ...hostileNames.map((name) => ({ name, data: Buffer.from('x') })),
        ...good.map(({ name, content }) => ({ name, data: Buffer.from(content) })),
      ]),
      refusedNames,
    );
  });

  it('with links and devices: they are refused, and nothing is read through them', async () => {
    await expectOnlyGood(
      await tarGzOf([
        { name: 'l.mp3', type: 'symlink' },
        { name: 'h.mp3', type: 'link' },
        { name: 'f.mp3', type: 'fifo' },
        { name: 'l.txt', content: 'words' },
        ...good,
      ]),
      {
        'l.mp3': 'refused MEMBER_LINK',
        'h.mp3': 'refused MEMBER_LINK',
        'f.mp3': 'refused MEMBER_SPECIAL',
        'l.txt': 'refused MEMBER_NO_RECORDING',
      },
    );
    await expectOnlyGood(
      rawZip([
        { name: 'l.mp3', data: Buffer.from('/etc/passwd'), mode: 0o120777 },
        ...good.map(({ name, content }) => ({ name, data: Buffer.from(content) })),
      ]),
      { 'l.mp3': 'refused MEMBER_LINK' },
    );
  });

  it('with two members of one name: neither is taken', async () => {
    const twice = [
      { name: 'a.mp3', content: 'one' },
      { name: 'a.mp3', content: 'two' },
      { name: 'a.txt', content: 'words' },
    ];
    const { id } = await api.createModel();
    const page = await unpacked(api, id, await tarGzOf([...twice, ...good]));
    expect(page.counts.stored).toBe(1);
    expect(
      new Set(page.members.result.filter(({ name }) => name.startsWith('a.')).map(({ outcome }) => outcome)),
    ).toEqual(new Set(['refused']));
  });

  const zeros = (bytes: number) => Buffer.alloc(bytes);
  it.each<[string, () => Promise<Buffer>, string]>([
    [
      'whose members are far larger than it is',
      () => zipOf({ 'a.mp3': zeros(80_000_000), 'a.txt': 'w' }),
      'ARCHIVE_RATIO',
    ],
    [
      'a tar.gz that is far larger inside',
      () => tarGzOf([{ name: 'a.mp3', content: zeros(80_000_000) }, ...good]),
      'ARCHIVE_RATIO',
    ],
    [
      'that claims more than may be unpacked',
      () => Promise.resolve(rawZip([{ name: 'a.mp3', data: randomBytes(10), claimedBytes: 4_000_000_000 }])),
      'ARCHIVE_TOO_LARGE',
    ],
    [
      'of too many members',
      () => tarGzOf(Array.from({ length: 201 }, (_, i) => ({ name: `${String(i)}.mp3`, content: 'x' }))),
      'ARCHIVE_TOO_MANY_MEMBERS',
    ],
    [
      'whose members share their bytes',
      () => {
        const data = randomBytes(100_000);
        return Promise.resolve(
          rawZip([{ name: 'a.mp3', data }, ...[1, 2, 3].map((i) => ({ name: `${String(i)}.mp3`, data, offset: 0 }))]),
        );
      },
      'ARCHIVE_OVERLAPPING',
    ],
    ...['x', '-5', '9'.repeat(30)].map((size): [string, () => Promise<Buffer>, string] => [
      `a tar.gz with a member whose length is ${size}`,
      () => tarGzOf([...good, { name: 'a.mp3', content: randomBytes(5000), pax: { size } }]),
      'ARCHIVE_DAMAGED',
    ]),
    [
      'a tar.gz with a header of megabytes, which its reader would keep in memory',
      () => tarGzOf([...good, { name: 'a.mp3', content: 'x', pax: { comment: 'c'.repeat(6_000_000) } }]),
      'ARCHIVE_DAMAGED',
    ],
    ['that is a gzip of something else', () => Promise.resolve(gzipSync(randomBytes(5000))), 'ARCHIVE_EMPTY'],
    [
      'that is a zip without an end',
      async () => (await zipOf({ 'a.mp3': randomBytes(9000) })).subarray(0, 5000),
      'ARCHIVE_DAMAGED',
    ],
  ])('%s fails as a whole with its reason, and stores nothing', async (_, make, code) => {
    const { id } = await api.createModel();
    const page = await unpacked(api, id, await make());
    expect(page).toMatchObject({ status: 'failed', error: { code }, members: { result: [] } });
    expect(page.error?.message).toMatch(/\w/);
    expect(await api.database.query('system', 'SELECT 1 FROM data_item WHERE model_id = $1', [id])).toEqual([]);
    expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
  });

  it('that is cut off: the pairs before the cut are stored, the one in it is refused', async () => {
    const { id } = await api.createModel();
    const whole = await tarGzOf([
      ...good,
      { name: 'cut.txt', content: 'words' },
      { name: 'cut.mp3', content: randomBytes(300_000) },
    ]);
    const page = await unpacked(api, id, whole.subarray(0, whole.length - 100_000));
    expect(outcomesOf(page)).toEqual({ 'good.mp3': 'stored', 'cut.mp3': 'refused MEMBER_DAMAGED' });
    expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]);
  });

  it('with one damaged member: that pair is refused, those after it are stored', async () => {
    const { id } = await api.createModel();
    const zip = await zipOf({
      'bad.mp3': 'a'.repeat(50_000),
      'bad.txt': 'words',
      'good.mp3': 'audio',
      'good.txt': 'words',
    });
    zip.fill(0xff, 60, 80);
    expect(outcomesOf(await unpacked(api, id, zip))).toEqual({
      'good.mp3': 'stored',
      'bad.mp3': 'refused MEMBER_DAMAGED',
    });
  });

  it('that is none is the upload’s own 400, and one that is too large its 413; nothing of them stays', async () => {
    const { id } = await api.createModel();
    const text = await postArchive<ErrorBody>(api, id, Buffer.from('only text'));
    expect([text.status, text.body.error_code, text.body.details]).toEqual([
      400,
      'VALIDATION_ERROR',
      { archive_file: 'must be a zip or a tar.gz' },
    ]);
    const large = await postArchive<ErrorBody>(
      api,
      id,
      Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(16 * 1024 * 1024)]),
    );
    expect([large.status, large.body.error_code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    const none = await api.call('POST', `${dataPath(id)}/archives`, { body: new FormData() });
    expect([none.status, none.body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(await api.database.query('system', `SELECT 1 FROM archive WHERE model_id = $1`, [id])).toEqual([]);
    expect((await api.storedKeys()).filter((key) => key.includes(`/m/${String(id)}/`))).toEqual([]);
  });
});
