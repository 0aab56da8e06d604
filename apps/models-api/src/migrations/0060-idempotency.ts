import { tenantRowSecurity, type Migration } from '@attune/database';

export const idempotency: Migration = {
  name: '0060-idempotency',
  sql: `
-- A row stands for an effect that is committed: it is written in the effect's own transaction. While a request is being
-- answered there is no row but a lock, which dies with the process.
CREATE TABLE idempotency_key (
  -- SHA-256 of organization, route and key.
  id bytea PRIMARY KEY,
  -- Null: an operator's request.
  organization_id uuid REFERENCES organization,
  fingerprint bytea NOT NULL,
  -- Of a streamed body.
  body_bytes bigint NOT NULL,
  -- What a streamed request brought about, when its answer still has to be made.
  resource text,
  -- Encrypted, with the key itself as part of the secret: an answer may hold what is shown once.
  answer bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  CHECK (resource IS NOT NULL OR answer IS NOT NULL)
);
CREATE INDEX idempotency_key_expired ON idempotency_key (expires_at);
${tenantRowSecurity(['idempotency_key'])}
`,
};
