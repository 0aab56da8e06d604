import { firstTenantRowSecurity, type Migration } from '@attune/database';

const tenantTables = ['api_key', 'model', 'data_item', 'upload', 'run', 'version', 'erasure_step'];

export const init: Migration = {
  name: '0001-init',
  sql: `
CREATE TABLE organization (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- The projection of billing.entitlements-changed.v1; revision 0 means that none has arrived.
  plan text NOT NULL,
  may_train boolean NOT NULL DEFAULT false,
  minimum_training_ms bigint,
  entitlements_revision integer NOT NULL DEFAULT 0,
  -- The organization that the bootstrap command made; there is never a second one.
  bootstrap boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX organization_bootstrap ON organization (bootstrap) WHERE bootstrap;

CREATE TABLE api_key (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organization,
  public_id text NOT NULL UNIQUE,
  key_hash bytea NOT NULL,
  last4 text NOT NULL,
  name text NOT NULL,
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);

-- What a version or run may point to for ever: a digest and its files never change.
CREATE TABLE base (
  digest text PRIMARY KEY,
  name text NOT NULL,
  engine text NOT NULL,
  languages text[] NOT NULL,
  source text NOT NULL,
  licence text NOT NULL,
  location text NOT NULL,
  files jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The catalogue: which base stands behind each public key now. adapted is false where a key serves the general weights.
CREATE TABLE base_model (
  key text PRIMARY KEY CHECK (key IN ('general', 'medical', 'legal', 'technical')),
  digest text NOT NULL REFERENCES base,
  adapted boolean NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE model (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organization,
  name text NOT NULL,
  description text,
  language text NOT NULL,
  base_model text NOT NULL REFERENCES base_model,
  status smallint NOT NULL DEFAULT 1 CHECK (status BETWEEN 1 AND 5),
  last_run_id uuid,
  current_version_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE INDEX model_list ON model (organization_id, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE data_item (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL REFERENCES model,
  data_type text NOT NULL CHECK (data_type IN ('train', 'test')),
  status text NOT NULL DEFAULT 'processing' CHECK (status IN ('processing', 'ok', 'warning', 'rejected')),
  audio_filename text NOT NULL,
  transcript_filename text NOT NULL,
  audio_sha256 text NOT NULL,
  audio_bytes bigint NOT NULL,
  audio_ms bigint,
  normalized_key text,
  normalized_sha256 text,
  transcript_key text,
  transcript_sha256 text,
  rejection_code text,
  rejection_message text,
  issues jsonb NOT NULL DEFAULT '[]',
  announced_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((status IN ('ok', 'warning')) = (audio_ms IS NOT NULL AND normalized_key IS NOT NULL))
);
CREATE INDEX data_item_of_model ON data_item (model_id, id);
CREATE INDEX data_item_processing ON data_item (announced_at) WHERE status = 'processing';

-- Uploads whose bytes are on their way: what a crashed one left in the store is found by its row.
CREATE TABLE upload (
  item_id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  touched_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE run (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL REFERENCES model,
  state text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'succeeded', 'failed')),
  snapshot_key text NOT NULL,
  snapshot_sha256 text NOT NULL,
  base_model text NOT NULL,
  base_digest text NOT NULL REFERENCES base,
  language text NOT NULL,
  training_ms bigint NOT NULL,
  sequence bigint NOT NULL DEFAULT -1,
  stage text NOT NULL DEFAULT 'queued',
  progress real NOT NULL DEFAULT 0,
  eta_seconds real,
  failure jsonb,
  requested_at timestamptz NOT NULL DEFAULT now(),
  heard_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
CREATE UNIQUE INDEX run_live ON run (model_id) WHERE state = 'live';
CREATE INDEX run_unheard ON run (heard_at) WHERE state = 'live';
CREATE INDEX run_of_model ON run (model_id);

CREATE TABLE version (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL REFERENCES model,
  run_id uuid NOT NULL UNIQUE REFERENCES run,
  epoch integer NOT NULL,
  engine text NOT NULL,
  base_digest text NOT NULL REFERENCES base,
  digest text NOT NULL,
  manifest_key text NOT NULL,
  manifest_sha256 text NOT NULL,
  files jsonb NOT NULL,
  metrics jsonb NOT NULL,
  training_ms bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX version_of_model ON version (model_id);

-- The checklist of a deleted model: one step a service, ticked when nothing of the model is left there.
CREATE TABLE erasure_step (
  model_id bigint NOT NULL REFERENCES model,
  service text NOT NULL,
  organization_id uuid NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  PRIMARY KEY (model_id, service)
);
CREATE INDEX erasure_unfinished ON erasure_step (requested_at) WHERE done_at IS NULL;
${firstTenantRowSecurity(tenantTables)}
`,
};
