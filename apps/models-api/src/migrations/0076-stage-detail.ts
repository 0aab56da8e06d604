import type { Migration } from '@attune/database';

export const stageDetail: Migration = {
  name: '0076-stage-detail',
  sql: `
ALTER TABLE run ADD COLUMN stage_detail text;
COMMENT ON COLUMN run.stage_detail IS 'what a live run waits for, in the customer''s words';

ALTER TABLE base_model ADD COLUMN accelerator text CHECK (accelerator <> '');
COMMENT ON COLUMN base_model.accelerator IS 'what the base is trained on, by a name of the trainer''s settings; null: whatever is usual there';
`,
};
