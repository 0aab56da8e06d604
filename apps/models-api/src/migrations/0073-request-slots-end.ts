import type { Migration } from '@attune/database';

/**
 * Who is killed leaves its row of request_slot behind, and every process is a new instance: whoever takes slots anew removes
 * the organization's that expired more than a minute ago, under the lock that take_permits holds.
 */
export const requestSlotsEnd: Migration = {
  name: '0073-request-slots-end',
  sql: `
CREATE FUNCTION forget_expired_slots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM request_slot
   WHERE organization_id = NEW.organization_id AND expires_at < clock_timestamp() - interval '1 minute';
  RETURN NULL;
END $$;
CREATE TRIGGER request_slot_taken AFTER INSERT ON request_slot FOR EACH ROW EXECUTE FUNCTION forget_expired_slots();
`,
};
