import { firstTenantRowSecurity, type Migration } from '@attune/database';

/** One feed a model takes the place of the separate tables of log lines and measured values. */
export const eventFeed: Migration = {
  name: '0041-event-feed',
  sql: `
-- Writers of one model take turns here, so the order of positions is the order of commits, without gaps.
CREATE TABLE model_feed (
  model_id bigint PRIMARY KEY,
  organization_id uuid NOT NULL,
  last_position bigint NOT NULL
);

CREATE TABLE run_event (
  model_id bigint NOT NULL,
  position bigint NOT NULL,
  run_id uuid NOT NULL REFERENCES training_run ON DELETE CASCADE,
  organization_id uuid NOT NULL,
  epoch integer NOT NULL,
  at timestamptz NOT NULL,
  type text NOT NULL CHECK (type IN ('log', 'metric', 'state')),
  level text NOT NULL CHECK (level IN ('info', 'warning', 'error')),
  stage text NOT NULL,
  message text,
  name text,
  value double precision,
  step bigint,
  pass integer,
  state text,
  PRIMARY KEY (model_id, position),
  CHECK (type <> 'log' OR message IS NOT NULL),
  CHECK ((type = 'metric') = (name IS NOT NULL AND value IS NOT NULL AND step IS NOT NULL AND pass IS NOT NULL)),
  CHECK ((type = 'state') = (state IS NOT NULL))
);
COMMENT ON COLUMN run_event.epoch IS 'of the run, as everywhere in this schema';
COMMENT ON COLUMN run_event.pass IS 'over the training data: what the engine calls epoch';
CREATE INDEX run_event_log ON run_event (model_id, position) WHERE type = 'log';
CREATE INDEX run_event_of_run ON run_event (run_id);

INSERT INTO run_event (model_id, position, run_id, organization_id, epoch, at, type, level, stage, message, name, value, step, pass)
SELECT model_id, row_number() OVER (PARTITION BY model_id ORDER BY at, position), run_id, organization_id, epoch, at,
       type, level, stage, message, name, value, step, pass
  FROM (
    SELECT model_id, run_id, organization_id, epoch, at, position, 'log' AS type, level, stage, message,
           NULL AS name, NULL::double precision AS value, NULL::bigint AS step, NULL::integer AS pass
      FROM run_log
    UNION ALL
    SELECT run.model_id, run_id, metric.organization_id, metric.epoch, at, metric.step, 'metric', 'info', 'training', NULL,
           name, value, metric.step, pass
      FROM run_metric AS metric JOIN training_run AS run ON run.id = metric.run_id
  ) AS known;
INSERT INTO model_feed (model_id, organization_id, last_position)
SELECT model_id, organization_id, max(position) FROM run_event GROUP BY model_id, organization_id;
DROP TABLE run_log;
DROP TABLE run_metric;
${firstTenantRowSecurity(['model_feed', 'run_event'])}
`,
};
