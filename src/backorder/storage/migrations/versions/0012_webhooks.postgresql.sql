CREATE TABLE webhooks (
  webhook TEXT COLLATE "C" NOT NULL,
  url TEXT NOT NULL,
  events TEXT NOT NULL,
  secret TEXT,
  old_secret TEXT,
  old_until TIMESTAMPTZ,
  made_at TIMESTAMPTZ NOT NULL,
  disabled_at TIMESTAMPTZ,
  disabled_why TEXT,
  failing_since TIMESTAMPTZ,
  CONSTRAINT pk_webhooks PRIMARY KEY (webhook),
  CONSTRAINT ck_webhooks_old CHECK ((old_secret IS NULL) = (old_until IS NULL) AND (old_secret IS NULL OR secret IS NOT NULL)),
  CONSTRAINT ck_webhooks_disabled CHECK ((disabled_at IS NULL) = (disabled_why IS NULL)),
  CONSTRAINT ck_webhooks_webhook_length CHECK (length(webhook) BETWEEN 1 AND 200)
)
-- next
CREATE TABLE webhook_attempts (
  n BIGSERIAL NOT NULL,
  webhook TEXT COLLATE "C" NOT NULL,
  event BIGINT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  took_ms BIGINT NOT NULL,
  status BIGINT,
  error TEXT,
  CONSTRAINT pk_webhook_attempts PRIMARY KEY (n),
  CONSTRAINT ck_webhook_attempts_first CHECK (n >= 1),
  CONSTRAINT ck_webhook_attempts_took CHECK (took_ms >= 0),
  CONSTRAINT ck_webhook_attempts_said CHECK (status IS NOT NULL OR error IS NOT NULL),
  CONSTRAINT fk_webhook_attempts_webhook FOREIGN KEY(webhook) REFERENCES webhooks (webhook)
)
-- next
CREATE INDEX ix_webhook_attempts_webhook ON webhook_attempts (webhook, n)
-- next
CREATE INDEX ix_webhook_attempts_at ON webhook_attempts (at)
