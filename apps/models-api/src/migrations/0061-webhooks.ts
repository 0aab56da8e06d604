import { tenantRowSecurity, type Migration } from '@attune/database';

export const webhooks: Migration = {
  name: '0061-webhooks',
  sql: `
CREATE TABLE webhook (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organization,
  url text NOT NULL,
  -- Empty: every event.
  events text[] NOT NULL,
  description text,
  enabled boolean NOT NULL,
  disabled_reason text,
  -- Encrypted. The previous secret signs beside the new one until it expires.
  secret bytea NOT NULL,
  previous_secret bytea,
  previous_secret_expires_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX webhook_of_organization ON webhook (organization_id, id);

-- One event for one webhook, written in the transaction of the change that it tells of.
CREATE TABLE webhook_delivery (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  webhook_id uuid NOT NULL REFERENCES webhook ON DELETE CASCADE,
  -- The header webhook-id: stable over all attempts.
  message_id text NOT NULL,
  event_type text NOT NULL,
  payload text NOT NULL CHECK (octet_length(payload) < 20480),
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  -- When the next attempt is due; while one is on its way, when it counts as lost.
  due_at timestamptz NOT NULL,
  response_status integer,
  error text,
  created_at timestamptz NOT NULL,
  delivered_at timestamptz
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, due_at) WHERE state = 'pending';
CREATE INDEX webhook_delivery_log ON webhook_delivery (webhook_id, created_at DESC, id DESC);
CREATE INDEX webhook_delivery_age ON webhook_delivery (created_at);
${tenantRowSecurity(['webhook', 'webhook_delivery'])}
`,
};
