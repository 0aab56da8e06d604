import { firstTenantRowSecurity, type Migration } from '@attune/database';

const tenantTables = [
  'training_run',
  'run_transition',
  'run_log',
  'run_metric',
  'run_checkpoint',
  'run_artifact',
  'erased_model',
];

export const training: Migration = {
  name: '0001-training',
  sql: `
CREATE TABLE training_run (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN
    ('queued', 'preparing', 'training', 'evaluating', 'finalizing', 'cancelling', 'succeeded', 'failed', 'cancelled')),

  -- what to train on, and from
  snapshot_key text NOT NULL,
  snapshot_sha256 text NOT NULL,
  base_model text NOT NULL,
  base_digest text NOT NULL,
  language text NOT NULL,
  training_ms bigint NOT NULL,
  seed integer NOT NULL,

  -- who works on it
  epoch integer NOT NULL DEFAULT 0,
  starts integer NOT NULL DEFAULT 0,
  failed_attempts integer NOT NULL DEFAULT 0,
  start_after timestamptz NOT NULL DEFAULT now(),
  host text,
  token_hash text,
  claim_until timestamptz,
  owner uuid,
  lease_until timestamptz,

  -- how far it is
  stage text NOT NULL DEFAULT 'queued' CHECK (stage IN ('queued', 'preparing', 'training', 'evaluating', 'finalizing')),
  progress double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
  eta_seconds double precision,
  sequence bigint NOT NULL DEFAULT 0,
  progress_sent_at timestamptz NOT NULL DEFAULT now(),
  events_sequence bigint NOT NULL DEFAULT 0,

  -- what came of it
  delivery jsonb,
  reminded_at timestamptz,
  metrics jsonb,
  failure jsonb,
  collected_at timestamptz,

  created_at timestamptz NOT NULL DEFAULT now(),
  claimed_at timestamptz,
  finished_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(),

  CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
  CHECK ((state = 'failed') = (failure IS NOT NULL)),
  CHECK (state <> 'succeeded' OR metrics IS NOT NULL),
  CHECK (lease_until IS NULL OR owner IS NOT NULL)
);
CREATE INDEX training_run_queue ON training_run (created_at, id) WHERE state = 'queued';
CREATE INDEX training_run_live ON training_run (state) WHERE finished_at IS NULL;
CREATE INDEX training_run_uncollected ON training_run (finished_at) WHERE finished_at IS NOT NULL AND collected_at IS NULL;
CREATE INDEX training_run_of_model ON training_run (model_id);

-- The state machine's last word: runs/run.ts says the same, and a test compares every pair.
CREATE FUNCTION guard_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'queued' OR NEW.epoch <> 0 THEN
      RAISE EXCEPTION 'a run begins queued, in epoch 0' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.state <> OLD.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[
    'queued>preparing', 'queued>failed', 'queued>cancelling', 'queued>cancelled',
    'preparing>training', 'preparing>queued', 'preparing>failed', 'preparing>cancelling',
    'training>evaluating', 'training>queued', 'training>failed', 'training>cancelling',
    'evaluating>finalizing', 'evaluating>failed', 'evaluating>cancelling',
    'finalizing>succeeded', 'finalizing>failed',
    'cancelling>cancelled'
  ]) THEN
    RAISE EXCEPTION 'run % cannot go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.epoch < OLD.epoch OR NEW.starts < OLD.starts OR NEW.sequence < OLD.sequence OR NEW.progress < OLD.progress THEN
    RAISE EXCEPTION 'run %: epoch, starts, sequence and progress never fall', OLD.id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON training_run FOR EACH ROW EXECUTE FUNCTION guard_run();

CREATE TABLE run_transition (
  run_id uuid NOT NULL REFERENCES training_run ON DELETE CASCADE,
  position bigint GENERATED ALWAYS AS IDENTITY,
  organization_id uuid NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  epoch integer NOT NULL,
  reason text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (run_id, position)
);
-- Rows go only with their run, when a model is erased.
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON run_transition FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE run_log (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id uuid NOT NULL REFERENCES training_run ON DELETE CASCADE,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  epoch integer NOT NULL,
  at timestamptz NOT NULL,
  level text NOT NULL CHECK (level IN ('info', 'warning', 'error')),
  stage text NOT NULL,
  message text NOT NULL
);
CREATE INDEX run_log_of_model ON run_log (model_id, position);
CREATE INDEX run_log_of_run ON run_log (run_id);

CREATE TABLE run_metric (
  run_id uuid NOT NULL REFERENCES training_run ON DELETE CASCADE,
  organization_id uuid NOT NULL,
  epoch integer NOT NULL,
  name text NOT NULL,
  step bigint NOT NULL,
  pass integer NOT NULL,
  value double precision NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (run_id, name, step, epoch)
);
COMMENT ON COLUMN run_metric.epoch IS 'of the run, as everywhere in this schema';
COMMENT ON COLUMN run_metric.pass IS 'over the training data: what the engine calls epoch';

CREATE TABLE run_checkpoint (
  run_id uuid NOT NULL REFERENCES training_run ON DELETE CASCADE,
  organization_id uuid NOT NULL,
  epoch integer NOT NULL,
  step bigint NOT NULL,
  file text NOT NULL,
  bytes bigint NOT NULL,
  sha256 text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run_id, epoch, step)
);

CREATE TABLE run_artifact (
  run_id uuid NOT NULL REFERENCES training_run ON DELETE CASCADE,
  organization_id uuid NOT NULL,
  epoch integer NOT NULL,
  path text NOT NULL,
  bytes bigint NOT NULL,
  sha256 text NOT NULL,
  PRIMARY KEY (run_id, path)
);

-- So that a request which arrives after the deletion brings nothing back.
CREATE TABLE erased_model (
  model_id bigint PRIMARY KEY,
  organization_id uuid NOT NULL,
  erased_at timestamptz NOT NULL DEFAULT now()
);
${firstTenantRowSecurity(tenantTables)}
`,
};
