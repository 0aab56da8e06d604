import { open, rm, stat } from 'node:fs/promises';
import { contract, type ApiArchive, type ApiArchivePage, type ApiDataItem } from '@attune/contracts';
import { delay } from '@attune/kernel';
import type { z } from 'zod';
import { jsonBody, parsed } from './answers';
import type { RequestBody } from './http-exchange';
import { multipartBody } from './multipart';
import { sendResumably } from './resumable';
import type { Transport } from './transport';

export interface DataFilter {
  type?: 'train' | 'test';
  itemStatus?: ApiDataItem['item_status'];
  /** The code of an issue. */
  issue?: string;
}

export interface ArchiveOptions {
  /** What all pairs are; else the manifest or the folders say it. */
  type?: 'train' | 'test';
  onBytes?: (bytes: number) => void;
}

const ITEMS_PER_PAGE = 100;
const MEMBERS_PER_PAGE = 1000;
const LOOK_EVERY_MS = 1000;
/** Larger archives are sent in pieces, so that a broken connection does not cost the whole of it. */
const RESUMABLE_FROM_BYTES = 64 * 1024 * 1024;

/** A model's data, over the same transport as everything else. Every method throws what AttuneClient's do. */
export class DataClient {
  constructor(private readonly transport: Transport) {}

  /** Every item, newest first, over all pages. */
  async *list(modelId: number, filter: DataFilter = {}): AsyncGenerator<ApiDataItem, void> {
    const route = contract.data.listData;
    for (let offset = 0; ;) {
      const query = new URLSearchParams({
        offset: String(offset),
        limit: String(ITEMS_PER_PAGE),
        ...(filter.type && { type: filter.type }),
        ...(filter.itemStatus && { item_status: filter.itemStatus }),
        ...(filter.issue !== undefined && { issue: filter.issue }),
      });
      const page = await this.json('GET', `${pathOf(route.path, modelId)}?${query.toString()}`, route.responses[200]);
      yield* page.result;
      offset += page.result.length;
      if (page.result.length === 0 || offset >= page.total_results) return;
    }
  }

  get(modelId: number, dataId: string): Promise<ApiDataItem> {
    const route = contract.data.getData;
    return this.json('GET', pathOf(route.path, modelId, dataId), route.responses[200]);
  }

  /** Makes training data of test data, or the other way. */
  move(modelId: number, dataId: string, type: 'train' | 'test'): Promise<ApiDataItem> {
    const route = contract.data.moveData;
    const body = jsonBody(JSON.stringify({ type }));
    return this.json('POST', pathOf(route.path, modelId, dataId), route.responses[200], body);
  }

  /** Deletes the pair, for ever. */
  async remove(modelId: number, dataId: string): Promise<void> {
    await this.transport.send({ method: 'DELETE', path: pathOf(contract.data.deleteData.path, modelId, dataId) });
  }

  async replaceTranscript(modelId: number, dataId: string, transcriptPath: string): Promise<ApiDataItem> {
    const route = contract.data.replaceTranscript;
    const body = await multipartBody({}, [{ field: 'transcript_file', path: transcriptPath }]);
    return this.json('PUT', pathOf(route.path, modelId, dataId), route.responses[200], body);
  }

  /** Writes the recording (16 kHz mono FLAC) to a new file; rejects when the file is there already. */
  downloadAudio(modelId: number, dataId: string, toPath: string): Promise<void> {
    return this.save(pathOf(contract.data.downloadAudio.path, modelId, dataId), toPath);
  }

  /** Writes the transcript to a new file; rejects when the file is there already. */
  downloadTranscript(modelId: number, dataId: string, toPath: string): Promise<void> {
    return this.save(pathOf(contract.data.downloadTranscript.path, modelId, dataId), toPath);
  }

  /** Sends a zip or tar.gz of pairs; a large one in pieces, so that it survives broken connections. */
  async uploadArchive(modelId: number, path: string, options: ArchiveOptions = {}): Promise<ApiArchive> {
    const { type, onBytes } = options;
    const { size } = await stat(path);
    if (size < RESUMABLE_FROM_BYTES) {
      const route = contract.archives.uploadArchive;
      const body = await multipartBody(type ? { type } : {}, [{ field: 'archive_file', path }], onBytes);
      return this.json('POST', pathOf(route.path, modelId), route.responses[202], body);
    }
    const uploadId = await sendResumably(this.transport, path, { ...(onBytes && { onBytes }) });
    const route = contract.uploads.bindArchive;
    const body = jsonBody(JSON.stringify({ upload_id: uploadId, ...(type && { type }) }));
    return this.json('POST', pathOf(route.path, modelId), route.responses[202], body);
  }

  /** A page of what became of an archive's members. */
  archive(modelId: number, archiveId: string, offset = 0, limit = MEMBERS_PER_PAGE): Promise<ApiArchivePage> {
    const route = contract.archives.getArchive;
    const path = route.path.replace(':id', String(modelId)).replace(':archive_id', archiveId);
    return this.json('GET', `${path}?offset=${String(offset)}&limit=${String(limit)}`, route.responses[200]);
  }

  /** Resolves when the archive is unpacked, with its first members. */
  async waitForArchive(
    modelId: number,
    archiveId: string,
    onUpdate?: (archive: ApiArchivePage) => void,
  ): Promise<ApiArchivePage> {
    for (;;) {
      const page = await this.archive(modelId, archiveId);
      onUpdate?.(page);
      if (page.status !== 'unpacking') return page;
      await delay(LOOK_EVERY_MS, this.transport.signal);
      this.transport.signal?.throwIfAborted();
    }
  }

  private async json<T extends z.ZodTypeAny>(
    method: string,
    path: string,
    schema: T,
    body?: RequestBody,
  ): Promise<z.output<T>> {
    return parsed(schema, await this.transport.send({ method, path, ...(body && { body }) }));
  }

  /** Half of a file is none: what a failed call left of it goes. A file that is there already costs no call. */
  private async save(path: string, toPath: string): Promise<void> {
    const file = await open(toPath, 'wx');
    try {
      await this.transport.send({ method: 'GET', path, saveTo: () => file.createWriteStream() });
    } catch (error) {
      await rm(toPath, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }
}

function pathOf(path: string, modelId: number, dataId = ''): string {
  return path.replace(':id', String(modelId)).replace(':data_id', encodeURIComponent(dataId));
}
