import { firstTenantRowSecurity, type Migration } from '@attune/database';

export const init: Migration = {
  name: '0001-init',
  sql: `
-- What came of comparing a run's model with its base. The run and its epoch name one artifact, which is judged once.
CREATE TABLE evaluation (
  run_id uuid NOT NULL,
  epoch integer NOT NULL,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  language text NOT NULL,
  normalization_version integer NOT NULL,
  -- Either the figures with the corpus's error counts (raw and normalized, by words and characters), or why there are none.
  metrics jsonb,
  base_counts jsonb,
  custom_counts jsonb,
  failure text,
  evaluated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run_id, epoch),
  CHECK ((failure IS NULL) = (metrics IS NOT NULL AND base_counts IS NOT NULL AND custom_counts IS NOT NULL))
);
CREATE INDEX evaluation_of_model ON evaluation (organization_id, model_id);

CREATE TABLE evaluation_item (
  run_id uuid NOT NULL,
  epoch integer NOT NULL,
  item_id uuid NOT NULL,
  organization_id uuid NOT NULL,
  base_counts jsonb NOT NULL,
  custom_counts jsonb NOT NULL,
  PRIMARY KEY (run_id, epoch, item_id),
  FOREIGN KEY (run_id, epoch) REFERENCES evaluation ON DELETE CASCADE
);

-- Deleted models: an evaluation that was under way then must leave nothing behind.
CREATE TABLE erased_model (
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  erased_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, model_id)
);

${firstTenantRowSecurity(['evaluation', 'evaluation_item', 'erased_model'])}
`,
};
