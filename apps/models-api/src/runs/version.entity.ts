import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RunMetrics } from '@attune/events';
import type { VersionFile } from './version';

@Entity({ name: 'version' })
export class VersionEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'organization_id' })
  organizationId!: string;

  @Column('bigint', { name: 'model_id' })
  modelId!: number;

  @Column('uuid', { name: 'run_id' })
  runId!: string;

  @Column('integer')
  number!: number;

  @Column('integer')
  epoch!: number;

  @Column('text')
  engine!: string;

  @Column('text', { name: 'base_digest' })
  baseDigest!: string;

  @Column('text')
  digest!: string;

  @Column('text', { name: 'manifest_key' })
  manifestKey!: string;

  @Column('text', { name: 'manifest_sha256' })
  manifestSha256!: string;

  @Column('jsonb')
  files!: VersionFile[];

  @Column('jsonb')
  metrics!: RunMetrics;

  @Column('bigint', { name: 'training_ms' })
  trainingMs!: number;
}
