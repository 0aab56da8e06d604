import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { BaseFile } from './base-model';

@Entity({ name: 'base' })
export class BaseEntity {
  @PrimaryColumn('text')
  digest!: string;

  @Column('text')
  name!: string;

  @Column('text')
  engine!: string;

  @Column('text', { array: true })
  languages!: string[];

  @Column('text')
  source!: string;

  @Column('text')
  licence!: string;

  @Column('text')
  location!: string;

  @Column('jsonb')
  files!: BaseFile[];
}
