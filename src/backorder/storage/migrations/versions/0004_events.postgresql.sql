CREATE TABLE events (
  n BIGSERIAL NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  data TEXT NOT NULL,
  CONSTRAINT pk_events PRIMARY KEY (n),
  CONSTRAINT ck_events_first CHECK (n >= 1)
)
-- next
CREATE INDEX ix_events_subject ON events (subject, n)
-- next
CREATE TRIGGER events_no_update BEFORE UPDATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE FUNCTION events_in_turn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('events')); RETURN NULL; END $$
-- next
CREATE TRIGGER events_in_turn BEFORE INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION events_in_turn()
-- next
CREATE TABLE feeds (
  sender TEXT COLLATE "C" NOT NULL,
  after_n BIGINT NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT pk_feeds PRIMARY KEY (sender),
  CONSTRAINT ck_feeds_after CHECK (after_n >= 0),
  CONSTRAINT ck_feeds_sender_length CHECK (length(sender) BETWEEN 1 AND 200)
)
-- next
CREATE TABLE timers (
  kind TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  due_at TIMESTAMPTZ NOT NULL,
  attempts BIGINT NOT NULL,
  claim BIGINT NOT NULL,
  leased_until TIMESTAMPTZ,
  dead_at TIMESTAMPTZ,
  error TEXT,
  CONSTRAINT pk_timers PRIMARY KEY (kind, subject),
  CONSTRAINT ck_timers_counts CHECK (attempts >= 0 AND claim >= 0),
  CONSTRAINT ck_timers_dead CHECK (dead_at IS NULL OR leased_until IS NULL),
  CONSTRAINT ck_timers_kind_length CHECK (length(kind) BETWEEN 1 AND 200),
  CONSTRAINT ck_timers_subject_length CHECK (length(subject) BETWEEN 1 AND 200)
)
-- next
CREATE INDEX ix_timers_due ON timers (due_at) WHERE dead_at IS NULL
-- next
CREATE TABLE outbox (
  event BIGINT NOT NULL,
  sender TEXT COLLATE "C" NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL,
  due_at TIMESTAMPTZ NOT NULL,
  attempts BIGINT NOT NULL,
  claim BIGINT NOT NULL,
  leased_until TIMESTAMPTZ,
  ended_at TIMESTAMPTZ,
  error TEXT,
  CONSTRAINT pk_outbox PRIMARY KEY (event, sender),
  CONSTRAINT fk_outbox_event FOREIGN KEY(event) REFERENCES events (n),
  CONSTRAINT ck_outbox_state CHECK (state IN ('waiting', 'sent', 'dead', 'discarded')),
  CONSTRAINT ck_outbox_counts CHECK (attempts >= 0 AND claim >= 0),
  CONSTRAINT ck_outbox_ended CHECK ((state = 'waiting') = (ended_at IS NULL)),
  CONSTRAINT ck_outbox_leased CHECK (leased_until IS NULL OR state = 'waiting'),
  CONSTRAINT fk_outbox_sender FOREIGN KEY(sender) REFERENCES feeds (sender)
)
-- next
CREATE INDEX ix_outbox_due ON outbox (sender, due_at, event) WHERE state = 'waiting'
-- next
CREATE INDEX ix_outbox_subject ON outbox (sender, subject, event) WHERE state = 'waiting'
-- next
CREATE INDEX ix_outbox_ended ON outbox (state, event)
-- next
ALTER TABLE accounts
  ADD COLUMN customer TEXT COLLATE "C",
  ADD CONSTRAINT fk_accounts_customer FOREIGN KEY (customer) REFERENCES customers (customer)
-- next
CREATE INDEX ix_accounts_customer ON accounts (customer)
