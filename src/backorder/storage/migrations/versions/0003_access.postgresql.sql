CREATE TABLE accounts (
  account TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL,
  role TEXT NOT NULL,
  password TEXT,
  made_at TIMESTAMPTZ NOT NULL,
  disabled_at TIMESTAMPTZ,
  failures BIGINT NOT NULL,
  wait_until TIMESTAMPTZ,
  CONSTRAINT pk_accounts PRIMARY KEY (account),
  CONSTRAINT ck_accounts_kind CHECK (kind IN ('person', 'program')),
  CONSTRAINT ck_accounts_role CHECK (role IN ('viewer', 'planner', 'buyer', 'warehouse', 'service_agent', 'finance', 'integration', 'admin')),
  CONSTRAINT ck_accounts_password CHECK (password IS NULL OR (kind = 'person' AND password LIKE '$argon2id$%')),
  CONSTRAINT ck_accounts_failures CHECK (failures >= 0),
  CONSTRAINT ck_accounts_account_length CHECK (length(account) BETWEEN 1 AND 200)
)
-- next
CREATE TABLE audit (
  n BIGSERIAL NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  request TEXT NOT NULL,
  what TEXT NOT NULL,
  subject TEXT,
  commands BIGINT NOT NULL,
  digest TEXT NOT NULL,
  hash TEXT NOT NULL,
  CONSTRAINT pk_audit PRIMARY KEY (n),
  CONSTRAINT ck_audit_first CHECK (n >= 1),
  CONSTRAINT ck_audit_hash CHECK (length(hash) = 64)
)
-- next
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TABLE audit_head (
  n BIGINT NOT NULL,
  hash TEXT NOT NULL,
  one SERIAL NOT NULL,
  CONSTRAINT pk_audit_head PRIMARY KEY (one),
  CONSTRAINT ck_audit_head_one CHECK (one = 1)
)
-- next
CREATE TABLE sessions (
  digest TEXT COLLATE "C" NOT NULL,
  account TEXT COLLATE "C" NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  seen_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  link INTEGER NOT NULL,
  CONSTRAINT pk_sessions PRIMARY KEY (digest),
  CONSTRAINT ck_sessions_link CHECK (link IN (0, 1)),
  CONSTRAINT ck_sessions_digest_length CHECK (length(digest) BETWEEN 1 AND 200),
  CONSTRAINT fk_sessions_account FOREIGN KEY(account) REFERENCES accounts (account)
)
-- next
CREATE INDEX ix_sessions_account ON sessions (account)
-- next
CREATE TABLE tokens (
  token TEXT COLLATE "C" NOT NULL,
  account TEXT COLLATE "C" NOT NULL,
  digest TEXT NOT NULL,
  scopes TEXT,
  purpose TEXT,
  made_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ,
  used_at TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ,
  CONSTRAINT pk_tokens PRIMARY KEY (token),
  CONSTRAINT ck_tokens_digest CHECK (length(digest) = 64),
  CONSTRAINT ck_tokens_token_length CHECK (length(token) BETWEEN 1 AND 200),
  CONSTRAINT fk_tokens_account FOREIGN KEY(account) REFERENCES accounts (account)
)
-- next
CREATE INDEX ix_tokens_account ON tokens (account)
