CREATE TABLE inbound_sources (
  source TEXT NOT NULL,
  form TEXT NOT NULL,
  account TEXT NOT NULL,
  secret TEXT,
  old_secret TEXT,
  old_until TEXT,
  made_at TEXT NOT NULL,
  CONSTRAINT pk_inbound_sources PRIMARY KEY (source),
  CONSTRAINT ck_inbound_sources_form CHECK (form IN ('standard', 'shopify', 'woocommerce')),
  CONSTRAINT ck_inbound_sources_old CHECK ((old_secret IS NULL) = (old_until IS NULL) AND (old_secret IS NULL OR secret IS NOT NULL)),
  CONSTRAINT ck_inbound_sources_old_until_form CHECK (old_until IS NULL OR old_until GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_inbound_sources_made_at_form CHECK (made_at IS NULL OR made_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_inbound_sources_source_length CHECK (length(source) BETWEEN 1 AND 200),
  CONSTRAINT fk_inbound_sources_account FOREIGN KEY(account) REFERENCES accounts (account)
)
 STRICT
-- next
CREATE INDEX ix_inbound_sources_account ON inbound_sources (account)
-- next
CREATE TABLE inbound_deliveries (
  source TEXT NOT NULL,
  delivery TEXT NOT NULL,
  at TEXT NOT NULL,
  topic TEXT NOT NULL,
  given TEXT NOT NULL,
  state TEXT NOT NULL,
  order_id TEXT,
  message TEXT,
  CONSTRAINT pk_inbound_deliveries PRIMARY KEY (source, delivery),
  CONSTRAINT ck_inbound_deliveries_state CHECK (state IN ('done', 'refused', 'ignored', 'early', 'invalid')),
  CONSTRAINT ck_inbound_deliveries_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_inbound_deliveries_source_length CHECK (length(source) BETWEEN 1 AND 200),
  CONSTRAINT ck_inbound_deliveries_delivery_length CHECK (length(delivery) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE INDEX ix_inbound_deliveries_at ON inbound_deliveries (at)
-- next
CREATE INDEX ix_inbound_deliveries_order ON inbound_deliveries (source, order_id)
