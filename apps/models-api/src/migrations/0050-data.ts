import { firstTenantRowSecurity, type Migration } from '@attune/database';

export const data: Migration = {
  name: '0050-data',
  sql: `
-- Digest of the transcript's text as it is stored; null where the text could not be read, and for items of before.
ALTER TABLE data_item ADD COLUMN text_sha256 text;
-- The same recording is stored once in a model: of two uploads at the same time, one finds the other.
CREATE UNIQUE INDEX data_item_once ON data_item (model_id, audio_sha256)
  WHERE text_sha256 IS NOT NULL AND status <> 'rejected';
CREATE INDEX data_item_by_status ON data_item (model_id, status, id DESC);
CREATE INDEX data_item_with_issues ON data_item (model_id, id DESC) WHERE issues <> '[]';

-- Items of a model by type and status, kept by the trigger below: totals cost the same for any number of items.
CREATE TABLE data_item_count (
  model_id bigint NOT NULL REFERENCES model ON DELETE CASCADE,
  data_type text NOT NULL,
  status text NOT NULL,
  organization_id uuid NOT NULL,
  items bigint NOT NULL,
  audio_ms bigint NOT NULL,
  PRIMARY KEY (model_id, data_type, status)
);
INSERT INTO data_item_count (model_id, data_type, status, organization_id, items, audio_ms)
  SELECT model_id, data_type, status, organization_id, count(*), coalesce(sum(audio_ms), 0)
    FROM data_item GROUP BY 1, 2, 3, 4;

CREATE FUNCTION count_data_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO data_item_count AS counted (model_id, data_type, status, organization_id, items, audio_ms)
      SELECT model_id, data_type, status, organization_id, -count(*), -coalesce(sum(audio_ms), 0)
        FROM before GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3
      ON CONFLICT (model_id, data_type, status)
      DO UPDATE SET items = counted.items + excluded.items, audio_ms = counted.audio_ms + excluded.audio_ms;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO data_item_count AS counted (model_id, data_type, status, organization_id, items, audio_ms)
      SELECT model_id, data_type, status, organization_id, count(*), coalesce(sum(audio_ms), 0)
        FROM after GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3
      ON CONFLICT (model_id, data_type, status)
      DO UPDATE SET items = counted.items + excluded.items, audio_ms = counted.audio_ms + excluded.audio_ms;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_inserted AFTER INSERT ON data_item REFERENCING NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION count_data_items();
CREATE TRIGGER count_updated AFTER UPDATE ON data_item REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION count_data_items();
CREATE TRIGGER count_deleted AFTER DELETE ON data_item REFERENCING OLD TABLE AS before
  FOR EACH STATEMENT EXECUTE FUNCTION count_data_items();

-- Which items a run's snapshot has. gone_at: the item was deleted, or its transcript replaced, after the run had used it.
CREATE TABLE run_item (
  run_id uuid NOT NULL REFERENCES run ON DELETE CASCADE,
  item_id uuid NOT NULL,
  organization_id uuid NOT NULL,
  gone_at timestamptz,
  PRIMARY KEY (run_id, item_id)
);
CREATE INDEX run_item_of_item ON run_item (item_id);
CREATE INDEX run_item_gone ON run_item (run_id) WHERE gone_at IS NOT NULL;
-- What live runs of before may use.
INSERT INTO run_item (run_id, item_id, organization_id)
  SELECT run.id, item.id, item.organization_id FROM run JOIN data_item item ON item.model_id = run.model_id
   WHERE run.state = 'live' AND item.status IN ('ok', 'warning');

-- What is still to be removed from the store: all of a deleted item, or the one key of a transcript that was replaced.
CREATE TABLE data_erasure (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  item_id uuid NOT NULL,
  transcript_key text,
  requested_at timestamptz NOT NULL,
  -- Those that cannot be done yet go to the end of the line.
  tried_at timestamptz NOT NULL
);
CREATE INDEX data_erasure_by_turn ON data_erasure (tried_at);
CREATE INDEX data_erasure_of_model ON data_erasure (model_id);
${firstTenantRowSecurity(['data_item_count', 'run_item', 'data_erasure'])}
`,
};
