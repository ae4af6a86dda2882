CREATE TABLE watches (
  sku TEXT NOT NULL,
  n INTEGER NOT NULL,
  customer TEXT,
  email TEXT,
  language TEXT,
  state TEXT NOT NULL,
  asked_at TEXT NOT NULL,
  until_at TEXT NOT NULL,
  ended_at TEXT,
  CONSTRAINT pk_watches PRIMARY KEY (sku, n),
  CONSTRAINT ck_watches_first CHECK (n >= 1),
  CONSTRAINT ck_watches_state CHECK (state IN ('waiting', 'told', 'withdrawn', 'expired')),
  CONSTRAINT ck_watches_ended CHECK ((state = 'waiting') = (ended_at IS NULL)),
  CONSTRAINT ck_watches_somebody CHECK (state <> 'waiting' OR (customer IS NULL) <> (email IS NULL)),
  CONSTRAINT ck_watches_gone CHECK (state IN ('waiting', 'told') OR (customer IS NULL AND email IS NULL)),
  CONSTRAINT ck_watches_ends CHECK (until_at >= asked_at),
  CONSTRAINT ck_watches_asked_at_form CHECK (asked_at IS NULL OR asked_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_watches_until_at_form CHECK (until_at IS NULL OR until_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_watches_ended_at_form CHECK (ended_at IS NULL OR ended_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT fk_watches_sku FOREIGN KEY(sku) REFERENCES items (sku),
  CONSTRAINT fk_watches_customer FOREIGN KEY(customer) REFERENCES customers (customer)
)
 STRICT
-- next
CREATE UNIQUE INDEX uq_watches_email ON watches (sku, email) WHERE state = 'waiting'
-- next
CREATE INDEX ix_watches_until ON watches (until_at) WHERE state = 'waiting'
-- next
CREATE INDEX ix_watches_ended ON watches (ended_at)
-- next
CREATE INDEX ix_watches_customer ON watches (customer)
-- next
CREATE UNIQUE INDEX uq_watches_customer ON watches (sku, customer) WHERE state = 'waiting'
