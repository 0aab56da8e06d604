import { constants } from 'node:fs';
import { access, copyFile, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { systemClock, type Clock } from '@attune/kernel';
import type { FilesystemStoreConfig } from '../config';
import { Meter } from '../in-parts';
import { checkedKey, checkedPrefix } from '../keys';
import type { ByteRange, ObjectStat, ObjectStore, PutOptions, SignedPut, StoredObject } from '../object-store';
import { ObjectAlreadyExists, ObjectNotFound } from '../object-store.errors';
import { hasErrno, isUnfinished, openUnfinished, prune, publish, statOrNull, walk, type UnfinishedFile } from './files';
import { signedQuery, type SignedMethod } from './signed-path';

/**
 * ObjectStore in a folder that every service of one host shares. An object is a file whose path is its key; it is written beside
 * its place, synced, and given its name in one step, so a reader or a crash never meets half of one. A file never changes once
 * it has its name, so a reader that opened it keeps what it opened.
 */
export class FilesystemStore implements ObjectStore {
  constructor(
    private readonly config: FilesystemStoreConfig,
    private readonly clock: Clock = systemClock,
  ) {}

  async prepare(): Promise<void> {
    await mkdir(this.config.directory, { recursive: true, mode: 0o750 });
    await access(this.config.directory, constants.R_OK | constants.W_OK | constants.X_OK);
  }

  async put(key: string, body: Readable, options: PutOptions = {}): Promise<StoredObject> {
    const target = this.pathOf(key);
    const meter = new Meter(key, options.sha256);
    try {
      return await this.write(key, options.ifAbsent === true, async (unfinished) => {
        for await (const piece of body as AsyncIterable<Buffer | string>) {
          const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
          meter.add(chunk);
          await unfinished.handle.writeFile(chunk);
        }
        const stored = meter.result();
        await unfinished.handle.sync();
        return stored;
      });
    } finally {
      body.destroy();
      await prune(dirname(target), this.config.directory);
    }
  }

  async get(key: string, options: { range?: ByteRange } = {}): Promise<Readable> {
    const handle = await this.orNotFound(key, () => open(this.pathOf(key), 'r'));
    return handle.createReadStream(options.range ?? {});
  }

  async stat(key: string): Promise<ObjectStat> {
    const found = await statOrNull(this.pathOf(key));
    if (found === null) throw new ObjectNotFound(key);
    return { key, ...found };
  }

  async exists(key: string): Promise<boolean> {
    return (await statOrNull(this.pathOf(key))) !== null;
  }

  async copy(from: string, to: string): Promise<void> {
    const source = this.pathOf(from);
    await this.write(to, false, async (unfinished) => {
      // A clone where the file system can, bytes where it cannot; either way inside the kernel.
      await this.orNotFound(from, () => copyFile(source, unfinished.path, constants.COPYFILE_FICLONE));
      await unfinished.handle.sync();
    }).finally(() => prune(dirname(this.pathOf(to)), this.config.directory));
  }

  async delete(key: string): Promise<void> {
    const path = this.pathOf(key);
    await rm(path, { force: true });
    await prune(dirname(path), this.config.directory);
  }

  async deletePrefix(prefix: string): Promise<number> {
    const folder = join(this.config.directory, checkedPrefix(prefix));
    let removed = 0;
    for await (const { path } of walk(folder)) {
      await rm(join(folder, path), { force: true });
      if (!isUnfinished(nameOf(path))) removed += 1;
    }
    // Again when somebody puts something there meanwhile.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 });
    await prune(dirname(folder), this.config.directory);
    return removed;
  }

  async *list(prefix: string): AsyncGenerator<ObjectStat, void> {
    const folder = join(this.config.directory, checkedPrefix(prefix));
    for await (const { path, bytes, modifiedAt } of walk(folder)) {
      if (!isUnfinished(nameOf(path))) yield { key: `${prefix}${path}`, bytes, modifiedAt };
    }
  }

  signedGet(key: string, ttlSeconds: number): Promise<string> {
    return Promise.resolve(this.signedUrl('GET', key, ttlSeconds));
  }

  signedPut(key: string, ttlSeconds: number, sha256?: string): Promise<SignedPut> {
    return Promise.resolve({ url: this.signedUrl('PUT', key, ttlSeconds, sha256), headers: {} });
  }

  async removeIncompleteUploads(seconds: number): Promise<number> {
    const before = this.clock.now().getTime() - seconds * 1000;
    let removed = 0;
    for await (const { path, modifiedAt } of walk(this.config.directory)) {
      if (!isUnfinished(nameOf(path)) || modifiedAt.getTime() > before) continue;
      await rm(join(this.config.directory, path), { force: true });
      await prune(dirname(join(this.config.directory, path)), this.config.directory);
      removed += 1;
    }
    return removed;
  }

  private pathOf(key: string): string {
    return join(this.config.directory, checkedKey(key));
  }

  private signedUrl(method: SignedMethod, key: string, ttlSeconds: number, sha256?: string): string {
    const expiresAtSeconds = Math.floor(this.clock.now().getTime() / 1000) + ttlSeconds;
    const query = signedQuery(this.config.signingSecret, { method, key: checkedKey(key), expiresAtSeconds, sha256 });
    return `${this.config.publicBaseUrl}/${key}${query}`;
  }

  /** Lets `fill` write an unfinished file, then gives it the key's name; whatever fails, the unfinished file is gone. */
  private async write<T>(key: string, ifAbsent: boolean, fill: (unfinished: UnfinishedFile) => Promise<T>): Promise<T> {
    const target = this.pathOf(key);
    const unfinished = await openUnfinished(target);
    try {
      const answer = await fill(unfinished).finally(() => unfinished.handle.close());
      await publish(unfinished.path, target, ifAbsent);
      return answer;
    } catch (error) {
      await rm(unfinished.path, { force: true });
      throw hasErrno(error, 'EEXIST') ? new ObjectAlreadyExists(key, error) : error;
    }
  }

  private async orNotFound<T>(key: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw hasErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR') ? new ObjectNotFound(key, error) : error;
    }
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
