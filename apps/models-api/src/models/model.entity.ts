import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity({ name: 'model' })
export class ModelEntity {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: number;

  @Column('uuid', { name: 'organization_id' })
  organizationId!: string;

  @Column('text')
  name!: string;

  @Column('text', { nullable: true })
  description!: string | null;

  @Column('text')
  language!: string;

  @Column('text', { name: 'base_model' })
  baseModel!: string;
}
