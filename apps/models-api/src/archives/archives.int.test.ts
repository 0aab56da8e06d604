import { eventually } from '@attune/testing';
import { archiveKey } from '@attune/storage';
import type { ModelId } from '@attune/kernel';
import { postArchive, readArchive, tarGzOf, zipOf } from '../test-support/archiving';
import { TestApi } from '../test-support/test-api';
import type { ArchivePlace } from './archive';
import { ArchiveLister } from './archive-lister';
import { ArchiveUnpackerService } from './archive-unpacker.service';
import { ArchivesService } from './archives.service';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const signal = new AbortController().signal;
const PAIRS = 12;
const members = Object.fromEntries(
  Array.from({ length: PAIRS }, (_, i) => [
    [`${String(i)}.mp3`, `audio ${String(i)}`],
    [`${String(i)}.txt`, `words ${String(i)}`],
  ]).flat() as [string, string][],
);
const archives: [string, () => Promise<Buffer>][] = [
  ['zip', () => zipOf(members)],
  ['tar.gz', () => tarGzOf(Object.entries(members).map(([name, content]) => ({ name, content })))],
];

async function expectEachOnce(id: number, archiveId: string): Promise<void> {
  const page = await eventually(async () => {
    const now = await readArchive(api, id, archiveId);
    if (now.status === 'unpacking') throw new Error('still unpacking');
    return now;
  });
  expect(page).toMatchObject({ status: 'done', counts: { stored: PAIRS, duplicate: 0, refused: 0 } });
  // Also the service itself, which was told of the archive, is through with it.
  await api.settled();
  const items = await api.database.query<{ id: string }>('system', 'SELECT id FROM data_item WHERE model_id = $1', [
    id,
  ]);
  expect(items).toHaveLength(PAIRS);
  await eventually(async () => expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]));
  const known = new Set(items.map((item) => item.id));
  const data = (await api.storedKeys()).filter((key) => key.includes(`/m/${String(id)}/data/`));
  expect(data).toHaveLength(2 * PAIRS);
  for (const key of data) expect(known).toContain(key.split('/')[5]);
}

/** An archive that was taken in, and that nobody unpacks by himself. */
async function archiveLeftAlone(): Promise<ArchivePlace> {
  const unpack = jest
    .spyOn(api.app.get(ArchiveUnpackerService), 'unpack')
    .mockImplementation(() => Promise.resolve(() => Promise.resolve()));
  const { id } = await api.createModel();
  const { body } = await postArchive(api, id, await zipOf(members));
  const asked = expect.objectContaining({ archiveId: body.archive_id }) as unknown;
  await eventually(() => expect(unpack).toHaveBeenCalledWith(asked, expect.anything()));
  unpack.mockRestore();
  return { organizationId: api.tenant.organizationId, modelId: id as ModelId, archiveId: body.archive_id };
}

describe('unpacking an archive', () => {
  it.each(archives)(
    'of %s by several at once, and again afterwards, makes each item once and leaves no byte over',
    async (_, make) => {
      const { id } = await api.createModel();
      const { body } = await postArchive(api, id, await make());
      const place = { organizationId: api.tenant.organizationId, modelId: id as ModelId, archiveId: body.archive_id };
      const unpack = async (): Promise<void> => {
        const effect = await api.app.get(ArchiveUnpackerService).unpack(place, signal);
        await api.database.runInTransaction(place, effect);
      };
      await Promise.all([unpack(), unpack(), unpack()]);
      await expectEachOnce(id, body.archive_id);
      await unpack();
      await expectEachOnce(id, body.archive_id);
    },
  );

  it('of one that another instance has finished and whose bytes are gone ends without a fault', async () => {
    const [unpacker, lister] = [api.app.get(ArchiveUnpackerService), api.app.get(ArchiveLister)];
    const place = await archiveLeftAlone();
    const unpack = async (): Promise<void> =>
      api.database.runInTransaction(place, await unpacker.unpack(place, signal));
    const plan = lister.plan.bind(lister);
    jest.spyOn(lister, 'plan').mockImplementationOnce(async (...args) => {
      const planned = await plan(...args);
      await unpack();
      await api.app.get(ArchivesService).removeUseless(0, signal);
      expect(await api.store.exists(archiveKey(place))).toBe(false);
      return planned;
    });
    await unpack();
    await expectEachOnce(place.modelId, place.archiveId);
  });

  it('goes on after a worker that died in the middle, when the reconciler asks again', async () => {
    const { modelId, archiveId } = await archiveLeftAlone();
    expect(await api.app.get(ArchivesService).announceIdle(60)).toBe(0);
    expect(await api.app.get(ArchivesService).announceIdle(0)).toBe(1);
    await expectEachOnce(modelId, archiveId);
  });

  it('of a model that is deleted meanwhile leaves nothing', async () => {
    const unpacker = api.app.get(ArchiveUnpackerService);
    const place = await archiveLeftAlone();
    const id = place.modelId;
    expect(await api.store.exists(archiveKey(place))).toBe(true);
    const unpacking = unpacker.unpack(place, signal).catch(() => null);
    expect((await api.call('DELETE', `/api/v3/custom_models/${String(id)}`)).status).toBe(204);
    const effect = await unpacking;
    if (effect) await api.database.runInTransaction(place, effect);
    await eventually(async () => expect(await api.database.query('system', 'SELECT 1 FROM upload')).toEqual([]));
    expect((await api.storedKeys()).filter((key) => key.includes(`/m/${String(id)}/`))).toEqual([]);
    expect(await api.database.query('system', 'SELECT 1 FROM archive WHERE model_id = $1', [id])).toEqual([]);
  });

  it('of an upload of an archive that died in its middle leaves nothing after an hour', async () => {
    const { id } = await api.createModel();
    await api.database.query(
      'system',
      `INSERT INTO archive (id, organization_id, model_id, status, filename, format, bytes, touched_at)
       VALUES (gen_random_uuid(), $1, $2, 'receiving', '', 'zip', 0, now() - interval '61 minutes')`,
      [api.tenant.organizationId, id],
    );
    await api.app.get(ArchivesService).removeUseless(3600, signal);
    expect(await api.database.query('system', 'SELECT 1 FROM archive WHERE model_id = $1', [id])).toEqual([]);
  });
});
