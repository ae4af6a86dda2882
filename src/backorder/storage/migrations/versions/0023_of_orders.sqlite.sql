CREATE TABLE new_lines (
  order_id TEXT NOT NULL,
  line TEXT NOT NULL,
  position INTEGER NOT NULL,
  sku TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  waiting INTEGER NOT NULL,
  allocated INTEGER NOT NULL,
  shipped INTEGER NOT NULL,
  cancelled INTEGER NOT NULL,
  covered INTEGER NOT NULL,
  picked INTEGER NOT NULL,
  unit_price INTEGER,
  requested_on TEXT,
  accept_by TEXT,
  lead_time_day TEXT,
  promise TEXT,
  planned TEXT,
  revisions INTEGER NOT NULL,
  backordered INTEGER NOT NULL,
  tags TEXT NOT NULL,
  placed_at TEXT NOT NULL,
  raised_from TEXT,
  person_day TEXT,
  person_until TEXT,
  shipped_before INTEGER NOT NULL,
  channel TEXT,
  firm_until TEXT,
  customer TEXT,
  held INTEGER NOT NULL,
  CONSTRAINT pk_lines PRIMARY KEY (order_id, line),
  CONSTRAINT uq_lines_order_id_position UNIQUE (order_id, position),
  CONSTRAINT ck_lines_quantity CHECK (quantity BETWEEN 1 AND 1000000000),
  CONSTRAINT ck_lines_units CHECK (quantity = waiting + allocated + shipped + cancelled),
  CONSTRAINT ck_lines_parts CHECK (waiting >= 0 AND allocated >= 0 AND shipped >= 0 AND cancelled >= 0),
  CONSTRAINT ck_lines_covered CHECK (covered BETWEEN 0 AND waiting),
  CONSTRAINT ck_lines_firm CHECK ((firm_until IS NULL) = (covered = 0)),
  CONSTRAINT ck_lines_picked CHECK (picked BETWEEN 0 AND allocated),
  CONSTRAINT ck_lines_unit_price CHECK (unit_price BETWEEN 0 AND 1000000000000000),
  CONSTRAINT ck_lines_ledger CHECK (revisions >= 1 AND backordered BETWEEN 0 AND quantity),
  CONSTRAINT ck_lines_person CHECK ((person_day IS NULL) = (person_until IS NULL) AND person_until <= person_day),
  CONSTRAINT ck_lines_shipped_before CHECK (shipped_before BETWEEN 0 AND shipped),
  CONSTRAINT ck_lines_held CHECK (held IN (0, 1)),
  CONSTRAINT ck_lines_requested_on_form CHECK (requested_on IS NULL OR requested_on IS date(requested_on)),
  CONSTRAINT ck_lines_accept_by_form CHECK (accept_by IS NULL OR accept_by IS date(accept_by)),
  CONSTRAINT ck_lines_lead_time_day_form CHECK (lead_time_day IS NULL OR lead_time_day IS date(lead_time_day)),
  CONSTRAINT ck_lines_promise_form CHECK (promise IS NULL OR promise IS date(promise)),
  CONSTRAINT ck_lines_planned_form CHECK (planned IS NULL OR planned IS date(planned)),
  CONSTRAINT ck_lines_placed_at_form CHECK (placed_at IS NULL OR placed_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_lines_person_day_form CHECK (person_day IS NULL OR person_day IS date(person_day)),
  CONSTRAINT ck_lines_person_until_form CHECK (person_until IS NULL OR person_until IS date(person_until)),
  CONSTRAINT ck_lines_firm_until_form CHECK (firm_until IS NULL OR firm_until IS date(firm_until)),
  CONSTRAINT ck_lines_line_length CHECK (length(line) BETWEEN 1 AND 200),
  CONSTRAINT fk_lines_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id),
  CONSTRAINT fk_lines_sku FOREIGN KEY(sku) REFERENCES items (sku),
  CONSTRAINT fk_lines_customer FOREIGN KEY(customer) REFERENCES customers (customer)
)
 STRICT
-- next
INSERT INTO new_lines (order_id, line, position, sku, quantity, waiting, allocated, shipped, cancelled, covered, picked, unit_price, requested_on, accept_by, lead_time_day, promise, planned, revisions, backordered, tags, placed_at, raised_from, person_day, person_until, shipped_before, channel, firm_until, customer, held)
SELECT lines.order_id, lines.line, lines.position, lines.sku, lines.quantity, lines.waiting, lines.allocated, lines.shipped, lines.cancelled, lines.covered, lines.picked, lines.unit_price, lines.requested_on, lines.accept_by, lines.lead_time_day, lines.promise, lines.planned, lines.revisions, lines.backordered, lines.tags, lines.placed_at, lines.raised_from, lines.person_day, lines.person_until, lines.shipped_before, lines.channel, lines.firm_until, orders.customer, orders.held
FROM lines JOIN orders ON orders.order_id = lines.order_id
-- next
DROP TABLE lines
-- next
ALTER TABLE new_lines RENAME TO lines
-- next
CREATE INDEX ix_lines_open ON lines (sku) WHERE waiting + allocated > 0
-- next
CREATE INDEX ix_lines_closed ON lines (sku) WHERE waiting + allocated = 0
-- next
CREATE INDEX ix_lines_slipped ON lines (coalesce(promise, '1970-01-01'), order_id, line) WHERE planned > promise AND waiting > 0
-- next
CREATE INDEX ix_lines_uncovered ON lines (coalesce(promise, '1970-01-01'), order_id, line) WHERE waiting > covered
-- next
CREATE INDEX ix_lines_waiting ON lines (coalesce(promise, '1970-01-01'), order_id, line) WHERE waiting > 0
-- next
CREATE INDEX ix_lines_ready ON lines (coalesce(promise, '1970-01-01'), order_id, line) WHERE allocated > 0
-- next
CREATE INDEX ix_lines_channel ON lines (channel, coalesce(promise, '1970-01-01'), order_id, line) WHERE waiting > 0 AND channel IS NOT NULL
-- next
CREATE INDEX ix_lines_firm ON lines (firm_until) WHERE waiting > 0 AND firm_until IS NOT NULL
-- next
CREATE INDEX ix_lines_bare ON lines (sku) WHERE waiting > covered
-- next
CREATE INDEX ix_lines_leaving ON lines (order_id) WHERE allocated > 0 AND held = 0
-- next
CREATE INDEX ix_lines_held ON lines (coalesce(promise, '1970-01-01'), order_id, line) WHERE held = 1
-- next
CREATE INDEX ix_lines_customer ON lines (customer, order_id, line) WHERE customer IS NOT NULL
