import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { ReplyOf } from '@attune/events';
import { newId, type Clock } from '@attune/kernel';
import { CLOCK, OBJECT_STORE } from '@attune/service';
import type { ObjectStore } from '@attune/storage';
import { bytesOf, download, folderName, isIntact, measureFolder } from './model-files';

/** A model as models-api resolves it: `digest` identifies its files for ever. */
export type ServedModel = ReplyOf<'models.resolve'>;

export interface ModelCacheSettings {
  /** One folder a model; nobody else may write here. */
  directory: string;
  /** Models that are not in use leave, least recently used first, while all take more than this. */
  limitBytes: number;
}

export const MODEL_CACHE_SETTINGS = Symbol('attune:model-cache-settings');

interface Entry {
  bytes: number;
  /** Milliseconds since 1970. */
  lastUsedAt: number;
  users: number;
  /** Its files have the digests that they should have, as this process has seen itself. */
  verified: boolean;
}

const INCOMING = '.incoming-';

/** Model files on disk by digest. Whatever an earlier process left is checked before its first use. */
@Injectable()
export class ModelCache implements OnModuleInit {
  private readonly logger = new Logger(ModelCache.name);
  private readonly entries = new Map<string, Entry>();
  private readonly opening = new Map<string, Promise<void>>();

  constructor(
    @Inject(MODEL_CACHE_SETTINGS) private readonly settings: ModelCacheSettings,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Takes stock, and removes downloads that a crash has interrupted. */
  async onModuleInit(): Promise<void> {
    await mkdir(this.settings.directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.settings.directory)) {
      if (name.startsWith(INCOMING)) await this.remove(name);
      else this.entries.set(name, { ...(await measureFolder(this.pathOf(name))), users: 0, verified: false });
    }
  }

  /**
   * Runs `work` with the folder of the model's files, which stays until `work` has ended. Requests for one model share a
   * download. Throws ObjectNotFound or ObjectDigestMismatch when the store does not have the files that were promised.
   */
  async use<T>(model: ServedModel, work: (directory: string) => Promise<T>): Promise<T> {
    const name = folderName(model.digest);
    const entry = await this.open(name, model);
    try {
      return await work(this.pathOf(name));
    } finally {
      entry.users -= 1;
    }
  }

  /** Distrusts a model's files: before the next use they are checked, and fetched anew where they are damaged. */
  distrust(digest: string): void {
    const entry = this.entries.get(folderName(digest));
    if (entry) entry.verified = false;
  }

  /** The entry with one user more, so that it cannot be evicted in between. */
  private async open(name: string, model: ServedModel): Promise<Entry> {
    for (;;) {
      const entry = this.entries.get(name);
      if (entry?.verified) {
        entry.users += 1;
        entry.lastUsedAt = this.clock.now().getTime();
        return entry;
      }
      const opening = this.opening.get(name) ?? this.verify(name, model).finally(() => this.opening.delete(name));
      this.opening.set(name, opening);
      await opening;
    }
  }

  private async verify(name: string, model: ServedModel): Promise<void> {
    if (!(await isIntact(this.pathOf(name), model.files))) await this.fetch(name, model);
    const known = this.entries.get(name);
    const lastUsedAt = this.clock.now().getTime();
    this.entries.set(name, { bytes: bytesOf(model.files), lastUsedAt, users: known?.users ?? 0, verified: true });
    await this.evict(name);
  }

  /** The folder appears whole or not at all. */
  private async fetch(name: string, model: ServedModel): Promise<void> {
    const incoming = `${INCOMING}${newId()}`;
    try {
      await download(this.store, model.files, this.pathOf(incoming));
      await this.remove(name);
      await rename(this.pathOf(incoming), this.pathOf(name));
      this.logger.log(`fetched model files ${model.digest}`);
    } finally {
      await this.remove(incoming);
    }
  }

  private async evict(keep: string): Promise<void> {
    const oldestFirst = [...this.entries].sort(([, a], [, b]) => a.lastUsedAt - b.lastUsedAt);
    let total = oldestFirst.reduce((sum, [, { bytes }]) => sum + bytes, 0);
    for (const [name, { bytes, users }] of oldestFirst) {
      if (total <= this.settings.limitBytes) return;
      if (name === keep || users > 0 || this.opening.has(name)) continue;
      this.entries.delete(name);
      await this.remove(name);
      total -= bytes;
    }
  }

  private remove(name: string): Promise<void> {
    return rm(this.pathOf(name), { recursive: true, force: true });
  }

  private pathOf(name: string): string {
    return join(this.settings.directory, name);
  }
}
