import { tenantRowSecurity, type Migration } from '@attune/database';

/** Adds what a statement changed to the counts: one upsert a group, always in the same order, so that nobody deadlocks. */
const apply = (changes: string): string => `
    INSERT INTO model_count AS c
      SELECT organization_id, bits, id >> bits, status, language, base_model, sum(sign)
        FROM (${changes}) m CROSS JOIN (VALUES (8), (16)) AS b (bits)
       WHERE deleted_at IS NULL
       GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(sign) <> 0 ORDER BY 1, 2, 3, 4, 5, 6
      ON CONFLICT (organization_id, bits, block, status, language, base_model) DO UPDATE SET live = c.live + excluded.live;`;

const added = 'SELECT *, 1 AS sign FROM added';
const removed = 'SELECT *, -1 AS sign FROM removed';

const ofFilter = (bits: string): string => `c.organization_id = p_organization AND c.bits = ${bits}
       AND (p_status IS NULL OR c.status = p_status) AND (p_language IS NULL OR c.language = p_language)
       AND (p_base_model IS NULL OR c.base_model = p_base_model)`;

/**
 * How many models there are, kept by triggers within the transactions that change them: totals and pages of a list cost the
 * same however long it is, and the quota of live models is exact. Counted twice: by 256 and by 65,536 consecutive ids, so that
 * any offset is found in a few hundred rows at most.
 */
export const modelCounts: Migration = {
  name: '0070-model-counts',
  sql: `
CREATE TABLE model_count (
  organization_id uuid NOT NULL,
  -- How many bits of the id a block leaves out: 8 or 16.
  bits smallint NOT NULL,
  block bigint NOT NULL,
  status smallint NOT NULL,
  language text NOT NULL,
  base_model text NOT NULL,
  live integer NOT NULL,
  PRIMARY KEY (organization_id, bits, block, status, language, base_model)
);
${tenantRowSecurity(['model_count'])}

CREATE FUNCTION count_models() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN ${apply(added)}
  ELSIF TG_OP = 'UPDATE' THEN ${apply(`${added} UNION ALL ${removed}`)}
  ELSE ${apply(removed)}
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER model_added AFTER INSERT ON model
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_models();
CREATE TRIGGER model_changed AFTER UPDATE ON model
  REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_models();
CREATE TRIGGER model_removed AFTER DELETE ON model
  REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_models();

-- Where a list stands at an offset, newest first: among the models below the id, after those that are newer than these. A
-- function, since it is asked for with every page and its plans are kept. No id when there are not so many models.
CREATE FUNCTION locate_models(
  p_organization uuid, p_status smallint, p_language text, p_base_model text, p_offset bigint,
  OUT total bigint, OUT below bigint, OUT newer bigint
) LANGUAGE plpgsql STABLE AS $$
DECLARE
  v record;
BEGIN
  total := 0;
  FOR v IN
    SELECT c.block, sum(c.live) AS live FROM model_count c
     WHERE ${ofFilter('16')} GROUP BY c.block ORDER BY c.block DESC
  LOOP
    IF below IS NULL AND total + v.live > p_offset THEN
      below := v.block;
      newer := total;
    END IF;
    total := total + v.live;
  END LOOP;
  IF below IS NULL THEN RETURN; END IF;
  FOR v IN
    SELECT c.block, sum(c.live) AS live FROM model_count c
     WHERE ${ofFilter('8')} AND c.block BETWEEN below << 8 AND (below << 8) + 255 GROUP BY c.block ORDER BY c.block DESC
  LOOP
    IF newer + v.live > p_offset THEN
      below := (v.block + 1) << 8;
      RETURN;
    END IF;
    newer := newer + v.live;
  END LOOP;
END $$;

INSERT INTO model_count
  SELECT organization_id, bits, id >> bits, status, language, base_model, count(*)
    FROM model CROSS JOIN (VALUES (8), (16)) AS b (bits) WHERE deleted_at IS NULL
   GROUP BY 1, 2, 3, 4, 5, 6;

-- A page of one filter starts where its first model stands.
CREATE INDEX model_by_status ON model (organization_id, status, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX model_by_language ON model (organization_id, language, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX model_by_base_model ON model (organization_id, base_model, id DESC) WHERE deleted_at IS NULL;
`,
};
