import type { NamedLimits } from '@attune/kernel';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'organization' })
export class OrganizationEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @Column('text')
  plan!: string;

  @Column('boolean', { name: 'may_train' })
  mayTrain!: boolean;

  @Column('bigint', { name: 'minimum_training_ms', nullable: true })
  minimumTrainingMs!: number | null;

  @Column('integer', { name: 'entitlements_revision' })
  entitlementsRevision!: number;

  /** Null before billing has spoken. */
  @Column('jsonb', { nullable: true })
  limits!: NamedLimits | null;

  @Column('jsonb', { name: 'limit_overrides' })
  limitOverrides!: Partial<NamedLimits>;

  @Column('boolean')
  bootstrap!: boolean;
}
