CREATE TABLE events (
  n INTEGER NOT NULL,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  data TEXT NOT NULL,
  CONSTRAINT pk_events PRIMARY KEY (n),
  CONSTRAINT ck_events_first CHECK (n >= 1),
  CONSTRAINT ck_events_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z')
)
 STRICT
-- next
CREATE INDEX ix_events_subject ON events (subject, n)
-- next
CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the ledger events is append-only'); END
-- next
CREATE TABLE feeds (
  sender TEXT NOT NULL,
  after_n INTEGER NOT NULL,
  made_at TEXT NOT NULL,
  CONSTRAINT pk_feeds PRIMARY KEY (sender),
  CONSTRAINT ck_feeds_after CHECK (after_n >= 0),
  CONSTRAINT ck_feeds_made_at_form CHECK (made_at IS NULL OR made_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_feeds_sender_length CHECK (length(sender) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TABLE timers (
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  due_at TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  claim INTEGER NOT NULL,
  leased_until TEXT,
  dead_at TEXT,
  error TEXT,
  CONSTRAINT pk_timers PRIMARY KEY (kind, subject),
  CONSTRAINT ck_timers_counts CHECK (attempts >= 0 AND claim >= 0),
  CONSTRAINT ck_timers_dead CHECK (dead_at IS NULL OR leased_until IS NULL),
  CONSTRAINT ck_timers_due_at_form CHECK (due_at IS NULL OR due_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_timers_leased_until_form CHECK (leased_until IS NULL OR leased_until GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_timers_dead_at_form CHECK (dead_at IS NULL OR dead_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_timers_kind_length CHECK (length(kind) BETWEEN 1 AND 200),
  CONSTRAINT ck_timers_subject_length CHECK (length(subject) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE INDEX ix_timers_due ON timers (due_at) WHERE dead_at IS NULL
-- next
CREATE TABLE outbox (
  event INTEGER NOT NULL,
  sender TEXT NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL,
  due_at TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  claim INTEGER NOT NULL,
  leased_until TEXT,
  ended_at TEXT,
  error TEXT,
  CONSTRAINT pk_outbox PRIMARY KEY (event, sender),
  CONSTRAINT fk_outbox_event FOREIGN KEY(event) REFERENCES events (n),
  CONSTRAINT ck_outbox_state CHECK (state IN ('waiting', 'sent', 'dead', 'discarded')),
  CONSTRAINT ck_outbox_counts CHECK (attempts >= 0 AND claim >= 0),
  CONSTRAINT ck_outbox_ended CHECK ((state = 'waiting') = (ended_at IS NULL)),
  CONSTRAINT ck_outbox_leased CHECK (leased_until IS NULL OR state = 'waiting'),
  CONSTRAINT ck_outbox_due_at_form CHECK (due_at IS NULL OR due_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_outbox_leased_until_form CHECK (leased_until IS NULL OR leased_until GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_outbox_ended_at_form CHECK (ended_at IS NULL OR ended_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT fk_outbox_sender FOREIGN KEY(sender) REFERENCES feeds (sender)
)
 STRICT
-- next
CREATE INDEX ix_outbox_due ON outbox (sender, due_at, event) WHERE state = 'waiting'
-- next
CREATE INDEX ix_outbox_subject ON outbox (sender, subject, event) WHERE state = 'waiting'
-- next
CREATE INDEX ix_outbox_ended ON outbox (state, event)
-- next
CREATE TABLE new_accounts (
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  role TEXT NOT NULL,
  password TEXT,
  made_at TEXT NOT NULL,
  disabled_at TEXT,
  failures INTEGER NOT NULL,
  wait_until TEXT,
  customer TEXT,
  CONSTRAINT pk_accounts PRIMARY KEY (account),
  CONSTRAINT ck_accounts_kind CHECK (kind IN ('person', 'program')),
  CONSTRAINT ck_accounts_role CHECK (role IN ('viewer', 'planner', 'buyer', 'warehouse', 'service_agent', 'finance', 'integration', 'admin')),
  CONSTRAINT ck_accounts_password CHECK (password IS NULL OR (kind = 'person' AND password LIKE '$argon2id$%')),
  CONSTRAINT ck_accounts_failures CHECK (failures >= 0),
  CONSTRAINT ck_accounts_made_at_form CHECK (made_at IS NULL OR made_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_accounts_disabled_at_form CHECK (disabled_at IS NULL OR disabled_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_accounts_wait_until_form CHECK (wait_until IS NULL OR wait_until GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_accounts_account_length CHECK (length(account) BETWEEN 1 AND 200),
  CONSTRAINT fk_accounts_customer FOREIGN KEY(customer) REFERENCES customers (customer)
)
 STRICT
-- next
INSERT INTO new_accounts (account, kind, role, password, made_at, disabled_at, failures, wait_until)
SELECT account, kind, role, password, made_at, disabled_at, failures, wait_until FROM accounts
-- next
DROP TABLE accounts
-- next
ALTER TABLE new_accounts RENAME TO accounts
-- next
CREATE INDEX ix_accounts_customer ON accounts (customer)
