import { tenantRowSecurity } from '@attune/database';

/**
 * What messaging needs in a service's own schema; an app lists it among its migrations as
 * `{ name: '0002-messaging', sql: messagingTables }`. It never changes: later needs are a further constant.
 */
export const messagingTables = `
CREATE TABLE outbox (
  id uuid PRIMARY KEY,
  position bigint GENERATED ALWAYS AS IDENTITY,
  event_name text NOT NULL,
  aggregate_id text NOT NULL,
  organization_id uuid NOT NULL,
  envelope json NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  sent_at timestamptz
);
CREATE INDEX outbox_unsent ON outbox (position) WHERE sent_at IS NULL;
CREATE INDEX outbox_unsent_by_aggregate ON outbox (aggregate_id, position) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX outbox_by_aggregate ON outbox (aggregate_id, event_name);

CREATE TABLE inbox (
  consumer text NOT NULL,
  event_id uuid NOT NULL,
  organization_id uuid NOT NULL,
  handled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_handled ON inbox (handled_at);

-- Events whose handling has failed: counted while they are tried again, a dead letter once dead_at is set.
CREATE TABLE failed_event (
  consumer text NOT NULL,
  event_id uuid NOT NULL,
  subject text NOT NULL,
  body text NOT NULL,
  attempts integer NOT NULL,
  error text NOT NULL,
  first_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  dead_at timestamptz,
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX failed_event_dead ON failed_event (dead_at) WHERE dead_at IS NOT NULL;
`;

/** Row security of the tables above, a part of each service's migration `row-security`. failed_event may hold what is no event at all. */
export const messagingRowSecurity = tenantRowSecurity(['outbox', 'inbox']);
