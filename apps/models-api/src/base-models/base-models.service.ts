import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import { AppError } from '@attune/kernel';
import type { Base, BaseModel } from './base-model';
import { BaseModelsRepository } from './base-models.repository';

@Injectable()
export class BaseModelsService {
  constructor(
    private readonly database: Database,
    private readonly baseModels: BaseModelsRepository,
  ) {}

  /** The languages of the base behind a key; none while no base is registered for it. */
  async languagesOf(tx: Tx, key: string): Promise<readonly string[]> {
    return (await this.baseModels.findByKey(tx, key))?.base.languages ?? [];
  }

  /** Throws SERVICE_UNAVAILABLE when the catalogue has no base for the key. */
  async get(tx: Tx, key: string): Promise<BaseModel> {
    const found = await this.baseModels.findByKey(tx, key);
    if (!found) throw new AppError('SERVICE_UNAVAILABLE', `No base model is installed for "${key}" yet`);
    return found;
  }

  find(key: string): Promise<BaseModel | null> {
    return this.database.read('system', (tx) => this.baseModels.findByKey(tx, key));
  }

  /** Throws NOT_FOUND for a digest that was never registered. */
  async getByDigest(digest: string): Promise<Base> {
    const base = await this.database.read('system', (tx) => this.baseModels.findByDigest(tx, digest));
    if (!base) throw new AppError('NOT_FOUND', 'No base has this digest');
    return base;
  }

  /**
   * Makes the base known and points the keys to it; `adaptedKeys` are those whose own weights these are, `accelerator` is what they are
   * trained on.
   */
  async register(
    base: Base,
    keys: readonly string[],
    adaptedKeys: ReadonlySet<string>,
    accelerator: string | null = null,
  ): Promise<void> {
    await this.database.runInTransaction('system', async (tx) => {
      await this.baseModels.insertBase(tx, base);
      for (const key of keys) await this.baseModels.pointKey(tx, key, base.digest, adaptedKeys.has(key), accelerator);
    });
  }
}
