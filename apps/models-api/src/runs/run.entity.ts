import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The columns that are fixed when a run is asked for; what follows is written by conditional updates. */
@Entity({ name: 'run' })
export class RunEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'organization_id' })
  organizationId!: string;

  @Column('bigint', { name: 'model_id' })
  modelId!: number;

  @Column('text', { name: 'snapshot_key' })
  snapshotKey!: string;

  @Column('text', { name: 'snapshot_sha256' })
  snapshotSha256!: string;

  @Column('text', { name: 'base_model' })
  baseModel!: string;

  @Column('text', { name: 'base_digest' })
  baseDigest!: string;

  @Column('text')
  language!: string;

  @Column('bigint', { name: 'training_ms' })
  trainingMs!: number;
}
