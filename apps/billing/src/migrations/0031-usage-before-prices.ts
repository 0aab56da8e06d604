import type { Migration } from '@attune/database';

export const usageBeforePrices: Migration = {
  name: '0031-usage-before-prices',
  sql: `
-- What runs used before there were prices counts as used: training again on the same audio costs nothing.
INSERT INTO billed_audio (organization_id, model_id, audio_sha256, audio_ms, run_id)
SELECT DISTINCT ON (u.organization_id, u.model_id, i.audio_sha256) u.organization_id, u.model_id, i.audio_sha256, i.audio_ms, i.run_id
  FROM usage u JOIN usage_item i ON i.run_id = u.run_id
 WHERE u.payload_sha256 = ''
 ORDER BY u.organization_id, u.model_id, i.audio_sha256, u.recorded_at, u.run_id, i.item_id
ON CONFLICT DO NOTHING;

-- No row that is added from here on passes for one of those.
ALTER TABLE usage ADD CONSTRAINT usage_has_digest CHECK (payload_sha256 <> '') NOT VALID;
`,
};
