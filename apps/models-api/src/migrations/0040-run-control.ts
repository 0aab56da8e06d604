import type { Migration } from '@attune/database';

export const runControl: Migration = {
  name: '0040-run-control',
  sql: `
ALTER TABLE run DROP CONSTRAINT run_state_check;
ALTER TABLE run
  ADD CONSTRAINT run_state_check CHECK (state IN ('live', 'succeeded', 'failed', 'cancelled')),
  ADD COLUMN cancel_requested_at timestamptz,
  ADD COLUMN started_at timestamptz;
COMMENT ON COLUMN run.started_at IS 'the trainer spoke of it as more than queued for the first time';
-- Ids grow with time: newest first without a sort.
DROP INDEX run_of_model;
CREATE INDEX run_of_model ON run (model_id, id DESC);
CREATE INDEX run_cancelling ON run (cancel_requested_at) WHERE state = 'live' AND cancel_requested_at IS NOT NULL;

ALTER TABLE version ADD COLUMN number integer;
UPDATE version SET number = counted.number
  FROM (SELECT id, row_number() OVER (PARTITION BY model_id ORDER BY created_at, id) AS number FROM version) AS counted
 WHERE counted.id = version.id;
ALTER TABLE version ALTER COLUMN number SET NOT NULL, ADD CHECK (number >= 1);
DROP INDEX version_of_model;
CREATE UNIQUE INDEX version_of_model ON version (model_id, number);
-- A version goes only with its model.
CREATE TRIGGER immutable BEFORE UPDATE OR TRUNCATE ON version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
`,
};
