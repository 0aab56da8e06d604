import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { ItemId } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import { uploadAudioKey, uploadTranscriptKey, type ItemPlace } from '@attune/storage';
import type { LockedModel } from '../models/models.repository';
import { compareTwin, type UploadedPair } from './data-item';
import { dataConflict } from './data-item.errors';
import { DataItemsRepository } from './data-items.repository';
import { ReadinessService } from './readiness.service';
import type { ReceivedUpload } from './upload';

/** What a registered pair became: an item of its own, or the one that has been there before. */
export interface Registered {
  itemId: ItemId;
  isDuplicate: boolean;
}

/** Makes an item of a pair whose bytes lie in quarantine. */
@Injectable()
export class PairRegistrarService {
  constructor(
    private readonly outbox: Outbox,
    private readonly items: DataItemsRepository,
    private readonly readiness: ReadinessService,
  ) {}

  /**
   * The item, the model's status and ingestion's event, or the item that has the very same pair already: then the bytes are
   * the caller's to remove. Throws DATA_CONFLICT when the recording is stored with another text or as the other type. Under
   * the model's lock: the same pair sent twice at once is stored once.
   */
  async register(tx: Tx, model: LockedModel, place: ItemPlace, received: ReceivedUpload): Promise<Registered> {
    const pair = toPair(place, received);
    const twin = pair.textSha256 === null ? null : await this.items.findTwin(tx, model.id, pair.audioSha256);
    if (twin) {
      const verdict = compareTwin(twin, pair);
      if (verdict !== 'same') throw dataConflict(verdict, twin.id, twin.dataType);
      return { itemId: twin.id, isDuplicate: true };
    }
    await this.items.insert(tx, pair);
    await this.readiness.settle(tx, model);
    await this.outbox.add(
      tx,
      'models.data-uploaded.v1',
      {
        organization_id: pair.organizationId,
        model_id: pair.modelId,
        item_id: pair.id,
        data_type: pair.dataType,
        audio_key: uploadAudioKey(place),
        transcript_key: uploadTranscriptKey(place),
        audio_sha256: pair.audioSha256,
        audio_bytes: pair.audioBytes,
      },
      { aggregateId: pair.id },
    );
    return { itemId: pair.id, isDuplicate: false };
  }
}

function toPair(place: ItemPlace, { dataType, audio, transcript, textSha256 }: ReceivedUpload): UploadedPair {
  return {
    id: place.itemId,
    organizationId: place.organizationId,
    modelId: place.modelId,
    dataType,
    audioFilename: audio.filename,
    transcriptFilename: transcript.filename,
    audioSha256: audio.sha256,
    audioBytes: audio.bytes,
    textSha256,
  };
}
