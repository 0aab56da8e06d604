import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import type { ApiArchive, ApiArchivePage } from '@attune/contracts';
import { eventually } from '@attune/testing';
import { pack } from 'tar-stream';
import { ZipFile } from 'yazl';
import type { Answer, TestApi } from './test-api';
import { dataPath } from './uploading';

/** Name -> content; null is a folder. */
export type Members = Record<string, string | Buffer | null>;

export async function zipOf(members: Members): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(members)) {
    if (content === null) zip.addEmptyDirectory(name);
    else zip.addBuffer(Buffer.from(content as string), name);
  }
  zip.end();
  return buffer(zip.outputStream);
}

export type TarEntry = {
  name: string;
  content?: string | Buffer;
  type?: 'file' | 'symlink' | 'link' | 'directory' | 'fifo';
  /** Attributes in a header of their own. */
  pax?: Record<string, string>;
};

export async function tarGzOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const tar = pack();
  const done = buffer(tar.pipe(createGzip()));
  for (const { name, content = '', type = 'file', pax } of entries) {
    tar.entry(
      {
        name,
        type,
        ...(pax && { pax }),
        ...(type === 'symlink' || type === 'link' ? { linkname: '/etc/passwd' } : {}),
      },
      content,
    );
  }
  tar.finalize();
  return done;
}

export function archiveForm(
  archive: Buffer = Buffer.from('PK\u0003\u0004'),
  type?: string,
  name = 'letters.zip',
): FormData {
  const form = new FormData();
  if (type !== undefined) form.append('type', type);
  form.append('archive_file', new Blob([archive]), name);
  return form;
}

export function postArchive<T = ApiArchive>(
  api: TestApi,
  modelId: number,
  archive: Buffer,
  type?: string,
): Promise<Answer<T>> {
  return api.call<T>('POST', `${dataPath(modelId)}/archives`, { body: archiveForm(archive, type) });
}

export async function readArchive(
  api: TestApi,
  modelId: number,
  archiveId: string,
  query = '',
): Promise<ApiArchivePage> {
  const path = `${dataPath(modelId)}/archives/${archiveId}${query}`;
  const answer = await api.call<ApiArchivePage>('GET', path);
  if (answer.status !== 200) throw new Error(`archive: ${answer.text}`);
  return answer.body;
}

/** Sends an archive and waits until it is unpacked. */
export async function unpacked(api: TestApi, modelId: number, archive: Buffer, type?: string): Promise<ApiArchivePage> {
  const answer = await postArchive(api, modelId, archive, type);
  if (answer.status !== 202) throw new Error(`archive: ${answer.text}`);
  return eventually(
    async () => {
      const page = await readArchive(api, modelId, answer.body.archive_id);
      if (page.status === 'unpacking') throw new Error('still unpacking');
      return page;
    },
    { timeoutMs: 20_000 },
  );
}

/** Name -> outcome and reason, as a test compares them. */
export function outcomesOf(page: ApiArchivePage): Record<string, string> {
  return Object.fromEntries(
    page.members.result.map(({ name, outcome, reason }) => [name, reason ? `${outcome} ${reason.code}` : outcome]),
  );
}
