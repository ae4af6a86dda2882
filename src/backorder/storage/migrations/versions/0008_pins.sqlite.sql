CREATE TABLE new_pegs (
  order_id TEXT NOT NULL,
  line TEXT NOT NULL,
  supply TEXT NOT NULL,
  ships_on TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  pinned INTEGER NOT NULL,
  CONSTRAINT pk_pegs PRIMARY KEY (order_id, line, supply, ships_on),
  CONSTRAINT fk_pegs_order_id_line FOREIGN KEY(order_id, line) REFERENCES lines (order_id, line),
  CONSTRAINT ck_pegs_quantity CHECK (quantity > 0),
  CONSTRAINT ck_pegs_pinned CHECK (pinned BETWEEN 0 AND quantity),
  CONSTRAINT ck_pegs_ships_on_form CHECK (ships_on IS NULL OR ships_on IS date(ships_on)),
  CONSTRAINT ck_pegs_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_pegs_line_length CHECK (length(line) BETWEEN 1 AND 200),
  CONSTRAINT fk_pegs_supply FOREIGN KEY(supply) REFERENCES supplies (supply)
)
 STRICT
-- next
INSERT INTO new_pegs (order_id, line, supply, ships_on, quantity, pinned)
SELECT order_id, line, supply, ships_on, quantity, 0 FROM pegs
-- next
DROP TABLE pegs
-- next
ALTER TABLE new_pegs RENAME TO pegs
-- next
CREATE INDEX ix_pegs_supply ON pegs (supply)
-- next
CREATE TABLE new_promises (
  order_id TEXT NOT NULL,
  line TEXT NOT NULL,
  n INTEGER NOT NULL,
  at TEXT NOT NULL,
  from_day TEXT,
  to_day TEXT,
  cause TEXT NOT NULL,
  basis TEXT,
  supply TEXT,
  CONSTRAINT pk_promises PRIMARY KEY (order_id, line, n),
  CONSTRAINT fk_promises_order_id_line FOREIGN KEY(order_id, line) REFERENCES lines (order_id, line),
  CONSTRAINT ck_promises_first CHECK (n >= 1 AND (n > 1 OR (from_day IS NULL AND to_day IS NOT NULL AND cause IN ('placed', 'imported')))),
  CONSTRAINT ck_promises_based CHECK ((to_day IS NULL) = (basis IS NULL)),
  CONSTRAINT ck_promises_cause CHECK (cause IN ('placed', 'announced', 'confirmed', 'rescheduled', 'overdue', 'received', 'short', 'cancelled_supply', 'counted', 'adjusted', 'stock_loss', 'line_cancelled', 'lead_time', 'policy', 'calendar', 'line_changed', 'line_added', 'order_changed', 'held', 'released', 'reversed', 'person', 'imported', 'pinned', 'unpinned')),
  CONSTRAINT ck_promises_basis CHECK (basis IN ('stock', 'inbound', 'lead_time', 'person', 'imported')),
  CONSTRAINT ck_promises_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_promises_from_day_form CHECK (from_day IS NULL OR from_day IS date(from_day)),
  CONSTRAINT ck_promises_to_day_form CHECK (to_day IS NULL OR to_day IS date(to_day)),
  CONSTRAINT ck_promises_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_promises_line_length CHECK (length(line) BETWEEN 1 AND 200)
)
 STRICT
-- next
INSERT INTO new_promises (order_id, line, n, at, from_day, to_day, cause, basis, supply)
SELECT order_id, line, n, at, from_day, to_day, cause, basis, supply FROM promises
-- next
DROP TABLE promises
-- next
ALTER TABLE new_promises RENAME TO promises
-- next
CREATE TRIGGER promises_no_delete BEFORE DELETE ON promises BEGIN SELECT RAISE(ABORT, 'the ledger promises is append-only'); END
-- next
CREATE TRIGGER promises_no_update BEFORE UPDATE ON promises BEGIN SELECT RAISE(ABORT, 'the ledger promises is append-only'); END
