import { ApiKeyEntity } from './api-keys/api-key.entity';
import { BaseModelEntity } from './base-models/base-model.entity';
import { BaseEntity } from './base-models/base.entity';
import { DataItemEntity } from './data-items/data-item.entity';
import { UploadEntity } from './data-items/upload.entity';
import { ModelEntity } from './models/model.entity';
import { OrganizationEntity } from './organizations/organization.entity';
import { RunEntity } from './runs/run.entity';
import { VersionEntity } from './runs/version.entity';
import { WebhookEntity } from './webhooks/webhook.entity';

/** Every entity of the schema `models`. */
export const entities = [
  ApiKeyEntity,
  BaseEntity,
  BaseModelEntity,
  DataItemEntity,
  ModelEntity,
  OrganizationEntity,
  RunEntity,
  UploadEntity,
  VersionEntity,
  WebhookEntity,
];
