import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'upload' })
export class UploadEntity {
  @PrimaryColumn('uuid', { name: 'item_id' })
  itemId!: string;

  @Column('uuid', { name: 'organization_id' })
  organizationId!: string;

  @Column('bigint', { name: 'model_id' })
  modelId!: number;
}
