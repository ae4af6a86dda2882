CREATE TABLE new_outbox (
  event INTEGER NOT NULL,
  sender TEXT NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL,
  due_at TEXT,
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
INSERT INTO new_outbox (event, sender, subject, state, due_at, attempts, claim, leased_until, ended_at, error)
SELECT event, sender, subject, state, due_at, attempts, claim, leased_until, ended_at, error FROM outbox
-- next
DROP TABLE outbox
-- next
ALTER TABLE new_outbox RENAME TO outbox
-- next
CREATE INDEX ix_outbox_due ON outbox (sender, due_at, event) WHERE state = 'waiting'
-- next
CREATE INDEX ix_outbox_subject ON outbox (sender, subject, event) WHERE state = 'waiting'
-- next
CREATE INDEX ix_outbox_ended ON outbox (state, event)
-- next
UPDATE outbox SET due_at = NULL
WHERE state = 'waiting' AND EXISTS (
  SELECT 1 FROM outbox earlier WHERE earlier.sender = outbox.sender AND earlier.subject = outbox.subject
    AND earlier.state = 'waiting' AND earlier.event < outbox.event
)
-- next
CREATE INDEX ix_orders_placed ON orders (placed_at)
-- next
CREATE INDEX ix_shipments_at ON shipments (at)
