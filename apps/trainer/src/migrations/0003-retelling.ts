import type { Migration } from '@attune/database';

/** When an erasure was last told, as training_run.reminded_at says it of runs. */
export const retelling: Migration = {
  name: '0003-retelling',
  sql: 'ALTER TABLE erased_model ADD COLUMN reminded_at timestamptz NOT NULL DEFAULT now();',
};
