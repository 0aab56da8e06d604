import { tenantRowSecurity, type Migration } from '@attune/database';

/**
 * Requests are counted in buckets of a sixtieth of their window; an instance takes permits for many requests in one statement
 * and gives back what it did not use.
 */
export const requestLimits: Migration = {
  name: '0072-request-limits',
  sql: `
-- Requests admitted by bucket: its number is the unix time divided by the bucket's width.
CREATE TABLE request_count (
  organization_id uuid NOT NULL,
  policy text NOT NULL,
  bucket bigint NOT NULL,
  used integer NOT NULL CHECK (used >= 0),
  PRIMARY KEY (organization_id, policy, bucket)
);

-- Requests that each instance of the API may have open at once; an instance that died keeps its share until expires_at.
CREATE TABLE request_slot (
  organization_id uuid NOT NULL,
  instance uuid NOT NULL,
  slots integer NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (organization_id, instance)
);
${tenantRowSecurity(['request_count', 'request_slot'])}

-- Permits for p_needed requests that wait, and up to p_wanted in all for those that will follow. Each counts in every policy
-- named; none is given when one of the policies is full.
-- A bucket counts until it has left the window whole, so no window of the policy's length ever holds more than its quota.
-- Ahead of need a caller gets at most a sixteenth of what is left, so that other instances find some too. p_slots is how
-- many requests the caller wants to have open in all, p_open how many it has; p_slot_quota is null without such a limit.
-- Times are the database's; a permit is good until the end of the second it was given in. p_now is for tests.
CREATE FUNCTION take_permits(
  p_organization uuid, p_policies text[], p_quotas integer[], p_widths integer[], p_needed integer, p_wanted integer,
  p_instance uuid, p_slots integer, p_open integer, p_slot_quota integer, p_now timestamptz DEFAULT NULL
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_epoch numeric;
  v_windows jsonb;
  v_left integer;
  v_granted integer;
  v_others integer := 0;
  v_slots integer := p_slots;
BEGIN
  -- A crash of the server may forget the last half second of counted requests: no request waits for a disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM pg_advisory_xact_lock(hashtextextended('attune.requests.' || p_organization, 0));
  v_epoch := extract(epoch FROM coalesce(p_now, clock_timestamp()));

  SELECT coalesce(jsonb_agg(jsonb_build_object('policy', w.name, 'used', w.used,
           'frees_at_ms', floor((w.oldest + 61) * w.width * 1000), 'open_at_ms', floor((w.blocking + 61) * w.width * 1000))), '[]'),
         min(greatest(w.quota - w.used, 0))
    INTO v_windows, v_left
    FROM (
      SELECT p.name, p.quota, p.width, coalesce(sum(c.used), 0)::integer AS used, min(c.bucket) AS oldest,
             max(c.bucket) FILTER (WHERE c.newer >= p.quota) AS blocking
        FROM unnest(p_policies, p_quotas, p_widths) AS p (name, quota, width)
        LEFT JOIN LATERAL (
          SELECT bucket, used, sum(used) OVER (ORDER BY bucket DESC) AS newer
            FROM request_count
           WHERE organization_id = p_organization AND policy = p.name AND used > 0
             AND bucket >= floor(v_epoch / p.width)::bigint - 60) c ON true
       GROUP BY p.name, p.quota, p.width) w;
  v_granted := least(v_left, greatest(p_needed, least(p_wanted, v_left / 16)));

  IF p_slot_quota IS NOT NULL THEN
    SELECT coalesce(sum(slots), 0) INTO v_others FROM request_slot
     WHERE organization_id = p_organization AND instance <> p_instance AND expires_at > to_timestamp(v_epoch);
    v_slots := greatest(least(p_slots, p_slot_quota - v_others), p_open);
    IF v_slots <= p_open THEN v_granted := 0; END IF;
  END IF;

  IF v_granted > 0 THEN
    INSERT INTO request_count AS c (organization_id, policy, bucket, used)
      SELECT p_organization, name, floor(v_epoch / width)::bigint, v_granted FROM unnest(p_policies, p_widths) AS p (name, width)
      ON CONFLICT (organization_id, policy, bucket) DO UPDATE SET used = c.used + excluded.used;
    DELETE FROM request_count c USING unnest(p_policies, p_widths) AS p (name, width)
     WHERE c.organization_id = p_organization AND c.policy = p.name AND c.bucket < floor(v_epoch / p.width)::bigint - 60;
    IF p_slot_quota IS NOT NULL THEN
      INSERT INTO request_slot VALUES (p_organization, p_instance, v_slots, to_timestamp(v_epoch) + interval '30 seconds')
        ON CONFLICT (organization_id, instance) DO UPDATE SET slots = excluded.slots, expires_at = excluded.expires_at;
    END IF;
  END IF;
  RETURN jsonb_build_object('granted', v_granted, 'slots', v_slots, 'others', v_others, 'now_ms', floor(v_epoch * 1000),
                            'windows', v_windows);
END $$;

-- Gives back permits that were not used, and says how many requests the instance has open now.
CREATE FUNCTION settle_permits(
  p_organization uuid, p_instance uuid, p_slots integer, p_policies text[], p_buckets bigint[], p_unused integer[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM pg_advisory_xact_lock(hashtextextended('attune.requests.' || p_organization, 0));
  UPDATE request_count c SET used = greatest(c.used - r.unused, 0)
    FROM unnest(p_policies, p_buckets, p_unused) AS r (policy, bucket, unused)
   WHERE c.organization_id = p_organization AND c.policy = r.policy AND c.bucket = r.bucket;
  IF p_slots = 0 THEN
    DELETE FROM request_slot WHERE organization_id = p_organization AND instance = p_instance;
  ELSIF p_slots > 0 THEN
    UPDATE request_slot SET slots = p_slots, expires_at = clock_timestamp() + interval '30 seconds'
     WHERE organization_id = p_organization AND instance = p_instance;
  END IF;
END $$;
`,
};
