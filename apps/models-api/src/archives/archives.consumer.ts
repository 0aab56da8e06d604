import { Injectable } from '@nestjs/common';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { defineWorker, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import { ArchiveUnpackerService } from './archive-unpacker.service';

/** Unpacks archives, one at a time in each instance: one that takes an hour is handed on by signs of life, not by time. */
@Injectable()
export class ArchivesConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(unpacker: ArchiveUnpackerService) {
    this.definition = defineWorker({
      name: 'models-archives',
      event: 'models.archive-uploaded.v1',
      concurrency: 1,
      handle: ({ data }, { signal }) =>
        unpacker.unpack(
          {
            organizationId: data.organization_id as OrganizationId,
            modelId: data.model_id as ModelId,
            archiveId: data.archive_id,
          },
          signal,
        ),
    });
  }
}
