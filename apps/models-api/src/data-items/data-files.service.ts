import { Inject, Injectable } from '@nestjs/common';
import { OBJECT_STORE } from '@attune/service';
import type { ObjectStore } from '@attune/storage';
import { isReady, type ItemRef, type ReadyItem } from './data-item';
import { dataNotReady } from './data-item.errors';
import { DataItemsService } from './data-items.service';

/** An item's file as it can be downloaded. */
export interface ItemFile {
  key: string;
  bytes: number;
  /** `sha256:<hex>` of exactly these bytes. */
  sha256: string;
  filename: string;
  contentType: string;
}

/** Finds what of an item can be downloaded: the normalized recording and text. The files as they came are not kept. */
@Injectable()
export class DataFilesService {
  constructor(
    private readonly items: DataItemsService,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  /** Throws MODEL_NOT_FOUND, DATA_NOT_FOUND, DATA_NOT_READY. */
  async audio(ref: ItemRef): Promise<ItemFile> {
    const { normalizedKey: key, normalizedSha256: sha256, audioFilename } = await this.ready(ref);
    return this.describe({ key, sha256, filename: `${stemOf(audioFilename)}.flac`, contentType: 'audio/flac' });
  }

  /** Throws MODEL_NOT_FOUND, DATA_NOT_FOUND, DATA_NOT_READY. */
  async transcript(ref: ItemRef): Promise<ItemFile> {
    const { transcriptKey: key, transcriptSha256: sha256, transcriptFilename: filename } = await this.ready(ref);
    return this.describe({ key, sha256, filename, contentType: 'text/plain; charset=utf-8' });
  }

  private async ready(ref: ItemRef): Promise<ReadyItem> {
    const item = await this.items.get(ref);
    if (!isReady(item)) throw dataNotReady(item.status);
    return item;
  }

  private async describe(file: Omit<ItemFile, 'bytes'>): Promise<ItemFile> {
    const { bytes } = await this.store.stat(file.key);
    return { ...file, bytes };
  }
}

/** A name without its ending; a name that is nothing but an ending stays. */
function stemOf(filename: string): string {
  return filename.replace(/(?<=.)\.[^.]*$/, '');
}
