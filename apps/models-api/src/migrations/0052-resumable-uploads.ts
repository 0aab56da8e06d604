import { firstTenantRowSecurity, type Migration } from '@attune/database';

export const resumableUploads: Migration = {
  name: '0052-resumable-uploads',
  sql: `
-- Uploads that are sent in pieces. They belong to no model until they are bound to one.
CREATE TABLE resumable_upload (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  filename text NOT NULL,
  length_bytes bigint NOT NULL,
  offset_bytes bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  CHECK (offset_bytes BETWEEN 0 AND length_bytes)
);
CREATE INDEX resumable_upload_expired ON resumable_upload (expires_at);

-- The bytes that count: the object of a part counts from the moment its row is there.
CREATE TABLE resumable_upload_part (
  upload_id uuid NOT NULL REFERENCES resumable_upload ON DELETE CASCADE,
  offset_bytes bigint NOT NULL,
  organization_id uuid NOT NULL,
  bytes bigint NOT NULL CHECK (bytes > 0),
  part_id uuid NOT NULL,
  PRIMARY KEY (upload_id, offset_bytes)
);
${firstTenantRowSecurity(['resumable_upload', 'resumable_upload_part'])}
`,
};
