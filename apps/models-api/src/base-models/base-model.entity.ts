import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { BaseEntity } from './base.entity';

@Entity({ name: 'base_model' })
export class BaseModelEntity {
  @PrimaryColumn('text')
  key!: string;

  @Column('text')
  digest!: string;

  @Column('boolean')
  adapted!: boolean;

  @Column('text', { nullable: true })
  accelerator!: string | null;

  @ManyToOne(() => BaseEntity)
  @JoinColumn({ name: 'digest' })
  base!: BaseEntity;
}
