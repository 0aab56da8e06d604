import { firstTenantRowSecurity, type Migration } from '@attune/database';

export const archives: Migration = {
  name: '0051-archives',
  sql: `
CREATE TABLE archive (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL REFERENCES model,
  status text NOT NULL CHECK (status IN ('receiving', 'unpacking', 'done', 'failed')),
  filename text NOT NULL,
  format text NOT NULL CHECK (format IN ('zip', 'tar.gz')),
  bytes bigint NOT NULL,
  data_type text CHECK (data_type IN ('train', 'test')),
  refusal_code text,
  refusal_message text,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Bytes came in, members came out, or it was announced again.
  touched_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  -- When its own bytes were removed from the store; null while that is still to be done.
  removed_at timestamptz,
  CHECK ((status = 'failed') = (refusal_code IS NOT NULL AND refusal_message IS NOT NULL))
);
CREATE INDEX archive_of_model ON archive (model_id);
CREATE INDEX archive_left ON archive (touched_at) WHERE removed_at IS NULL;

-- What became of each pair, and of each member that is in none. With its item goes what the item's owner called it.
CREATE TABLE archive_member (
  archive_id uuid NOT NULL REFERENCES archive ON DELETE CASCADE,
  position integer NOT NULL,
  organization_id uuid NOT NULL,
  name text NOT NULL,
  data_type text,
  outcome text NOT NULL CHECK (outcome IN ('stored', 'duplicate', 'refused', 'ignored')),
  item_id uuid REFERENCES data_item ON DELETE CASCADE,
  refusal_code text,
  refusal_message text,
  PRIMARY KEY (archive_id, position)
);
CREATE INDEX archive_member_of_item ON archive_member (item_id) WHERE item_id IS NOT NULL;
${firstTenantRowSecurity(['archive', 'archive_member'])}
`,
};
