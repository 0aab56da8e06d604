import type { Migration } from '@attune/database';

/** Starts that wait for a machine, may lose it to another run, and share pools of machines by the plans of their organizations. */
export const sharedMachines: Migration = {
  name: '0043-shared-machines',
  sql: `
ALTER TABLE training_run
  ADD COLUMN accelerator text,
  ADD COLUMN pool text,
  ADD COLUMN priority_class text,
  ADD COLUMN ordered_at timestamptz,
  ADD COLUMN preemptions integer NOT NULL DEFAULT 0,
  ADD COLUMN last_preempted_at timestamptz,
  ADD COLUMN stage_detail text,
  DROP CONSTRAINT training_run_stage_check,
  ADD CONSTRAINT training_run_stage_check
    CHECK (stage IN ('queued', 'provisioning', 'preparing', 'training', 'evaluating', 'finalizing'));
COMMENT ON COLUMN training_run.accelerator IS 'what its base is trained on; null: whatever is usual';
COMMENT ON COLUMN training_run.pool IS 'of machines, that the current start was given to';
COMMENT ON COLUMN training_run.ordered_at IS 'when the current start was given to its host';
COMMENT ON COLUMN training_run.stage_detail IS 'what it waits for, in the customer''s words';

ALTER TABLE organization ADD COLUMN plan text;
COMMENT ON COLUMN organization.plan IS 'null: billing has not said yet';
`,
};
