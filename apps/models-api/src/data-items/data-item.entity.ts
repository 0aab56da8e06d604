import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The columns that an upload fills; the rest follows from ingestion's verdict. */
@Entity({ name: 'data_item' })
export class DataItemEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'organization_id' })
  organizationId!: string;

  @Column('bigint', { name: 'model_id' })
  modelId!: number;

  @Column('text', { name: 'data_type' })
  dataType!: string;

  @Column('text', { name: 'audio_filename' })
  audioFilename!: string;

  @Column('text', { name: 'transcript_filename' })
  transcriptFilename!: string;

  @Column('text', { name: 'audio_sha256' })
  audioSha256!: string;

  @Column('bigint', { name: 'audio_bytes' })
  audioBytes!: number;

  @Column('text', { name: 'text_sha256', nullable: true })
  textSha256!: string | null;
}
