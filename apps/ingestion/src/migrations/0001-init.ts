import { firstTenantRowSecurity, type Migration } from '@attune/database';

export const init: Migration = {
  name: '0001-init',
  sql: `
-- The one verdict on an uploaded pair, with what it was drawn from. It is never changed.
CREATE TABLE ingestion_report (
  item_id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('validated', 'rejected')),
  -- Of a rejected pair: the public code, the rule that was broken, and the message that its owner reads.
  code text,
  reason text,
  message text,
  -- Of a validated pair.
  audio_ms bigint,
  container text,
  codec text,
  source_sample_rate integer,
  channels integer,
  word_count integer,
  normalized_sha256 text,
  transcript_sha256 text,
  issues jsonb NOT NULL,
  reported_at timestamptz NOT NULL DEFAULT now(),
  -- When what is no longer needed of the upload was removed from the store; null while that is still to be done.
  upload_removed_at timestamptz,
  CHECK ((outcome = 'rejected') = (code IS NOT NULL AND reason IS NOT NULL AND message IS NOT NULL)),
  CHECK ((outcome = 'validated') = (audio_ms IS NOT NULL AND normalized_sha256 IS NOT NULL AND transcript_sha256 IS NOT NULL))
);
CREATE INDEX ingestion_report_of_model ON ingestion_report (organization_id, model_id);
CREATE INDEX ingestion_report_upload_left ON ingestion_report (reported_at) WHERE upload_removed_at IS NULL;

-- Deleted models: a pair that was being decoded then must leave nothing behind.
CREATE TABLE erased_model (
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  erased_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, model_id)
);

${firstTenantRowSecurity(['ingestion_report', 'erased_model'])}
`,
};
