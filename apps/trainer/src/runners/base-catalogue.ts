import { Injectable } from '@nestjs/common';
import type { ReplyOf } from '@attune/events';
import { Rpc } from '@attune/messaging';

export type BaseModel = ReplyOf<'models.resolve-base'>;

const TIMEOUT_MS = 5000;

/** What models-api says of a base. A digest means the same files for ever, so each is asked for once. */
@Injectable()
export class BaseCatalogue {
  private readonly known = new Map<string, BaseModel>();

  constructor(private readonly rpc: Rpc) {}

  /** Throws SERVICE_UNAVAILABLE while models-api does not answer. */
  async resolve(digest: string): Promise<BaseModel> {
    const found =
      this.known.get(digest) ?? (await this.rpc.call('models.resolve-base', { digest }, { timeoutMs: TIMEOUT_MS }));
    this.known.set(digest, found);
    return found;
  }
}
