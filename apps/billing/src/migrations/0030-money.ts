import { tenantRowSecurity, type Migration } from '@attune/database';
import { appendOnly } from './append-only';

const tenantTables = [
  'hold',
  'billed_audio',
  'charge',
  'ledger_transaction',
  'ledger_entry',
  'statement',
  'statement_line',
  'alert',
];

const appendOnlyTables = [
  'price_book',
  'billed_audio',
  'charge',
  'ledger_transaction',
  'ledger_entry',
  'statement',
  'statement_line',
  'alert',
];

export const money: Migration = {
  name: '0030-money',
  sql: `
-- What training costs, from a moment on. An operator adds a row; none ever changes, since charges name the one that they were made by.
CREATE TABLE price_book (
  version text PRIMARY KEY,
  effective_from timestamptz NOT NULL UNIQUE,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  included_ms bigint NOT NULL CHECK (included_ms >= 0),
  unit_ms bigint NOT NULL CHECK (unit_ms > 0),
  unit_cents bigint NOT NULL CHECK (unit_cents >= 0),
  rounding text NOT NULL CHECK (rounding = 'half_up'),
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO price_book (version, effective_from, currency, included_ms, unit_ms, unit_cents, rounding)
VALUES ('2026-01', '2026-01-01T00:00:00Z', 'USD', 36000000, 3600000, 5000, 'half_up');
REVOKE INSERT ON price_book FROM attune_billing;

-- What a run is going to cost, reserved before it starts. One a run, and the run's id is its own.
CREATE TABLE hold (
  run_id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  -- The book in force when the run was asked for: the run is charged by it, whatever is added meanwhile.
  price_book text NOT NULL REFERENCES price_book,
  new_ms bigint NOT NULL CHECK (new_ms >= 0),
  amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
  state text NOT NULL DEFAULT 'placed' CHECK (state IN ('placed', 'confirmed', 'posted', 'released', 'expired')),
  placed_at timestamptz NOT NULL DEFAULT now(),
  checked_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz
);
CREATE INDEX hold_open ON hold (checked_at) WHERE state IN ('placed', 'confirmed');
CREATE INDEX hold_open_of_model ON hold (organization_id, model_id) WHERE state IN ('placed', 'confirmed');

CREATE FUNCTION refuse_illegal_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.state, NEW.state) IN (
    ('placed', 'confirmed'), ('placed', 'posted'), ('placed', 'released'), ('placed', 'expired'),
    ('confirmed', 'posted'), ('confirmed', 'released'),
    -- Expired by mistake: the word of its run came later than anybody waits.
    ('expired', 'confirmed'), ('expired', 'posted')
  ) THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'a hold does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER legal_state BEFORE UPDATE OF state ON hold FOR EACH ROW
  WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION refuse_illegal_hold();

-- Of what was recorded, so that the same run with other content is told from the same run again. Empty for rows older than prices.
ALTER TABLE usage
  ADD COLUMN payload_sha256 text NOT NULL DEFAULT '',
  ADD COLUMN occurred_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE usage ALTER COLUMN payload_sha256 DROP DEFAULT, ALTER COLUMN occurred_at DROP DEFAULT;

-- Each distinct recording that runs of a model have used, and the run that used it first: the only one that it counts for.
CREATE TABLE billed_audio (
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  audio_sha256 text NOT NULL,
  audio_ms bigint NOT NULL CHECK (audio_ms >= 0),
  run_id uuid NOT NULL REFERENCES usage,
  PRIMARY KEY (organization_id, model_id, audio_sha256)
);

CREATE TABLE charge (
  run_id uuid PRIMARY KEY REFERENCES usage,
  organization_id uuid NOT NULL,
  model_id bigint NOT NULL,
  price_book text NOT NULL REFERENCES price_book,
  currency text NOT NULL,
  training_ms bigint NOT NULL CHECK (training_ms >= 0),
  used_ms bigint NOT NULL CHECK (used_ms >= 0),
  new_ms bigint NOT NULL CHECK (new_ms >= 0),
  included_ms bigint NOT NULL CHECK (included_ms >= 0),
  overage_ms bigint NOT NULL CHECK (overage_ms >= 0),
  amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
  -- When the run succeeded, and when that was recorded here.
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  CHECK (included_ms + overage_ms = new_ms)
);
CREATE INDEX charge_of_organization ON charge (organization_id, recorded_at DESC, run_id DESC);
CREATE INDEX charge_occurred ON charge (occurred_at);

-- The ledger: numbered without a gap in each organization, each transaction chained to the one before by its hash.
CREATE TABLE ledger_transaction (
  organization_id uuid NOT NULL,
  sequence bigint NOT NULL CHECK (sequence > 0),
  kind text NOT NULL CHECK (kind IN ('charge', 'statement')),
  subject_id uuid NOT NULL,
  -- Of the charge or the statement that the transaction books: its rows are in the chain too.
  subject_sha256 text NOT NULL,
  recorded_at timestamptz NOT NULL,
  previous_hash text NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (organization_id, sequence),
  UNIQUE (kind, subject_id)
);
CREATE TABLE ledger_entry (
  organization_id uuid NOT NULL,
  sequence bigint NOT NULL,
  line smallint NOT NULL,
  account text NOT NULL CHECK (account IN ('unbilled_receivable', 'receivable', 'revenue', 'allowance', 'included_usage')),
  -- A currency (in its hundredths), or 'ms' for milliseconds of included audio.
  unit text NOT NULL,
  amount bigint NOT NULL,
  PRIMARY KEY (organization_id, sequence, line),
  FOREIGN KEY (organization_id, sequence) REFERENCES ledger_transaction
);

CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM ledger_entry WHERE organization_id = NEW.organization_id AND sequence = NEW.sequence
  ) OR EXISTS (
    SELECT FROM ledger_entry WHERE organization_id = NEW.organization_id AND sequence = NEW.sequence
     GROUP BY unit HAVING sum(amount) <> 0
  ) THEN
    RAISE EXCEPTION 'ledger transaction % of organization % does not sum to zero', NEW.sequence, NEW.organization_id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_entry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced();
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_transaction
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced();

-- A month's bill, final from the moment it exists: \`document\` is what the customer gets, byte for byte.
CREATE TABLE statement (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  month text NOT NULL CHECK (month ~ '^[0-9]{4}-[0-9]{2}$'),
  currency text NOT NULL,
  total_cents bigint NOT NULL CHECK (total_cents >= 0),
  document bytea NOT NULL,
  sha256 text NOT NULL,
  finalized_at timestamptz NOT NULL,
  UNIQUE (organization_id, month, currency)
);
-- Each charge stands on one statement, ever.
CREATE TABLE statement_line (
  run_id uuid PRIMARY KEY REFERENCES charge,
  statement_id uuid NOT NULL REFERENCES statement,
  organization_id uuid NOT NULL
);
CREATE INDEX line_of_statement ON statement_line (statement_id);

-- What a person has to look at. The same thing is raised once.
CREATE TABLE alert (
  kind text NOT NULL,
  subject text NOT NULL,
  organization_id uuid NOT NULL,
  details jsonb NOT NULL,
  raised_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, subject)
);

${appendOnlyTables.map(appendOnly).join('\n')}
${tenantRowSecurity(tenantTables)}
`,
};
