CREATE TABLE webhooks (
  webhook TEXT NOT NULL,
  url TEXT NOT NULL,
  events TEXT NOT NULL,
  secret TEXT,
  old_secret TEXT,
  old_until TEXT,
  made_at TEXT NOT NULL,
  disabled_at TEXT,
  disabled_why TEXT,
  failing_since TEXT,
  CONSTRAINT pk_webhooks PRIMARY KEY (webhook),
  CONSTRAINT ck_webhooks_old CHECK ((old_secret IS NULL) = (old_until IS NULL) AND (old_secret IS NULL OR secret IS NOT NULL)),
  CONSTRAINT ck_webhooks_disabled CHECK ((disabled_at IS NULL) = (disabled_why IS NULL)),
  CONSTRAINT ck_webhooks_old_until_form CHECK (old_until IS NULL OR old_until GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_webhooks_made_at_form CHECK (made_at IS NULL OR made_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_webhooks_disabled_at_form CHECK (disabled_at IS NULL OR disabled_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_webhooks_failing_since_form CHECK (failing_since IS NULL OR failing_since GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_webhooks_webhook_length CHECK (length(webhook) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TABLE webhook_attempts (
  n INTEGER NOT NULL,
  webhook TEXT NOT NULL,
  event INTEGER NOT NULL,
  at TEXT NOT NULL,
  took_ms INTEGER NOT NULL,
  status INTEGER,
  error TEXT,
  CONSTRAINT pk_webhook_attempts PRIMARY KEY (n),
  CONSTRAINT ck_webhook_attempts_first CHECK (n >= 1),
  CONSTRAINT ck_webhook_attempts_took CHECK (took_ms >= 0),
  CONSTRAINT ck_webhook_attempts_said CHECK (status IS NOT NULL OR error IS NOT NULL),
  CONSTRAINT ck_webhook_attempts_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT fk_webhook_attempts_webhook FOREIGN KEY(webhook) REFERENCES webhooks (webhook)
)
 STRICT
-- next
CREATE INDEX ix_webhook_attempts_webhook ON webhook_attempts (webhook, n)
-- next
CREATE INDEX ix_webhook_attempts_at ON webhook_attempts (at)
