CREATE TABLE accounts (
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  role TEXT NOT NULL,
  password TEXT,
  made_at TEXT NOT NULL,
  disabled_at TEXT,
  failures INTEGER NOT NULL,
  wait_until TEXT,
  CONSTRAINT pk_accounts PRIMARY KEY (account),
  CONSTRAINT ck_accounts_kind CHECK (kind IN ('person', 'program')),
  CONSTRAINT ck_accounts_role CHECK (role IN ('viewer', 'planner', 'buyer', 'warehouse', 'service_agent', 'finance', 'integration', 'admin')),
  CONSTRAINT ck_accounts_password CHECK (password IS NULL OR (kind = 'person' AND password LIKE '$argon2id$%')),
  CONSTRAINT ck_accounts_failures CHECK (failures >= 0),
  CONSTRAINT ck_accounts_made_at_form CHECK (made_at IS NULL OR made_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_accounts_disabled_at_form CHECK (disabled_at IS NULL OR disabled_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_accounts_wait_until_form CHECK (wait_until IS NULL OR wait_until GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_accounts_account_length CHECK (length(account) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TABLE audit (
  n INTEGER NOT NULL,
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  request TEXT NOT NULL,
  what TEXT NOT NULL,
  subject TEXT,
  commands INTEGER NOT NULL,
  digest TEXT NOT NULL,
  hash TEXT NOT NULL,
  CONSTRAINT pk_audit PRIMARY KEY (n),
  CONSTRAINT ck_audit_first CHECK (n >= 1),
  CONSTRAINT ck_audit_hash CHECK (length(hash) = 64),
  CONSTRAINT ck_audit_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z')
)
 STRICT
-- next
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the ledger audit is append-only'); END
-- next
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the ledger audit is append-only'); END
-- next
CREATE TABLE audit_head (
  n INTEGER NOT NULL,
  hash TEXT NOT NULL,
  one INTEGER NOT NULL,
  CONSTRAINT pk_audit_head PRIMARY KEY (one),
  CONSTRAINT ck_audit_head_one CHECK (one = 1)
)
 STRICT
-- next
CREATE TABLE sessions (
  digest TEXT NOT NULL,
  account TEXT NOT NULL,
  made_at TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  link INTEGER NOT NULL,
  CONSTRAINT pk_sessions PRIMARY KEY (digest),
  CONSTRAINT ck_sessions_link CHECK (link IN (0, 1)),
  CONSTRAINT ck_sessions_made_at_form CHECK (made_at IS NULL OR made_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_sessions_seen_at_form CHECK (seen_at IS NULL OR seen_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_sessions_expires_at_form CHECK (expires_at IS NULL OR expires_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_sessions_digest_length CHECK (length(digest) BETWEEN 1 AND 200),
  CONSTRAINT fk_sessions_account FOREIGN KEY(account) REFERENCES accounts (account)
)
 STRICT
-- next
CREATE INDEX ix_sessions_account ON sessions (account)
-- next
CREATE TABLE tokens (
  token TEXT NOT NULL,
  account TEXT NOT NULL,
  digest TEXT NOT NULL,
  scopes TEXT,
  purpose TEXT,
  made_at TEXT NOT NULL,
  expires_at TEXT,
  used_at TEXT,
  revoked_at TEXT,
  CONSTRAINT pk_tokens PRIMARY KEY (token),
  CONSTRAINT ck_tokens_digest CHECK (length(digest) = 64),
  CONSTRAINT ck_tokens_made_at_form CHECK (made_at IS NULL OR made_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_tokens_expires_at_form CHECK (expires_at IS NULL OR expires_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_tokens_used_at_form CHECK (used_at IS NULL OR used_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_tokens_revoked_at_form CHECK (revoked_at IS NULL OR revoked_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_tokens_token_length CHECK (length(token) BETWEEN 1 AND 200),
  CONSTRAINT fk_tokens_account FOREIGN KEY(account) REFERENCES accounts (account)
)
 STRICT
-- next
CREATE INDEX ix_tokens_account ON tokens (account)
