import { firstTenantRowSecurity, type Migration } from '@attune/database';
import { appendOnly } from './append-only';

/** Five hours: the contract's minimum of training audio, in milliseconds. */
const MINIMUM_TRAINING_MS = 5 * 60 * 60 * 1000;

const tenantTables = ['entitlement', 'usage', 'usage_item'];

export const init: Migration = {
  name: '0001-init',
  sql: `
-- What each plan allows. Data, not code: an operator may change a row.
CREATE TABLE plan (
  key text PRIMARY KEY CHECK (key IN ('free', 'bronze', 'silver', 'gold', 'enterprise')),
  may_train boolean NOT NULL,
  minimum_training_ms bigint NOT NULL CHECK (minimum_training_ms >= 0)
);
INSERT INTO plan (key, may_train, minimum_training_ms) VALUES
  ('free', false, ${String(MINIMUM_TRAINING_MS)}),
  ('bronze', false, ${String(MINIMUM_TRAINING_MS)}),
  ('silver', false, ${String(MINIMUM_TRAINING_MS)}),
  ('gold', true, ${String(MINIMUM_TRAINING_MS)}),
  ('enterprise', true, ${String(MINIMUM_TRAINING_MS)});
REVOKE INSERT, UPDATE, DELETE ON plan FROM attune_billing;

CREATE TABLE entitlement (
  organization_id uuid PRIMARY KEY,
  plan text NOT NULL REFERENCES plan,
  -- Null: as the plan says.
  minimum_training_ms bigint CHECK (minimum_training_ms >= 0),
  -- Grows with every change, so that whoever hears of it can tell news from old news.
  revision integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- One row for each run that succeeded, ever: the key is what makes a second one impossible.
CREATE TABLE usage (
  run_id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  training_ms bigint NOT NULL CHECK (training_ms >= 0),
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX usage_of_model ON usage (organization_id, model_id);

-- The audio that a run was trained on. A recording is known by the sha256 of the file that the customer sent.
CREATE TABLE usage_item (
  run_id uuid NOT NULL REFERENCES usage,
  item_id uuid NOT NULL,
  organization_id uuid NOT NULL,
  audio_sha256 text NOT NULL CHECK (audio_sha256 ~ '^sha256:[0-9a-f]{64}$'),
  audio_ms bigint NOT NULL CHECK (audio_ms >= 0),
  PRIMARY KEY (run_id, item_id)
);

${['usage', 'usage_item'].map(appendOnly).join('\n')}
${firstTenantRowSecurity(tenantTables)}
`,
};
