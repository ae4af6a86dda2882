CREATE TABLE shop (
  shop TEXT NOT NULL,
  selling TEXT,
  coverage TEXT,
  backorder_cap INTEGER,
  per_customer_cap INTEGER,
  max_wait_days INTEGER,
  lead_time_days INTEGER,
  safety_stock INTEGER,
  keep_people_days INTEGER,
  CONSTRAINT pk_shop PRIMARY KEY (shop),
  CONSTRAINT ck_shop_one CHECK (shop = 'shop'),
  CONSTRAINT ck_shop_selling CHECK (selling IN ('stock_only', 'backorder')),
  CONSTRAINT ck_shop_coverage CHECK (coverage IN ('inbound', 'lead_time')),
  CONSTRAINT ck_shop_caps CHECK (backorder_cap BETWEEN 0 AND 1000000000 AND per_customer_cap BETWEEN 0 AND 1000000000),
  CONSTRAINT ck_shop_waits CHECK (max_wait_days BETWEEN 0 AND 3650 AND lead_time_days BETWEEN 0 AND 3650),
  CONSTRAINT ck_shop_safety_stock CHECK (safety_stock BETWEEN 0 AND 1000000000),
  CONSTRAINT ck_shop_keep_people CHECK (keep_people_days BETWEEN 0 AND 36500),
  CONSTRAINT ck_shop_shop_length CHECK (length(shop) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TABLE categories (
  category TEXT NOT NULL,
  selling TEXT,
  coverage TEXT,
  backorder_cap INTEGER,
  per_customer_cap INTEGER,
  max_wait_days INTEGER,
  lead_time_days INTEGER,
  safety_stock INTEGER,
  CONSTRAINT pk_categories PRIMARY KEY (category),
  CONSTRAINT ck_categories_selling CHECK (selling IN ('stock_only', 'backorder')),
  CONSTRAINT ck_categories_coverage CHECK (coverage IN ('inbound', 'lead_time')),
  CONSTRAINT ck_categories_caps CHECK (backorder_cap BETWEEN 0 AND 1000000000 AND per_customer_cap BETWEEN 0 AND 1000000000),
  CONSTRAINT ck_categories_waits CHECK (max_wait_days BETWEEN 0 AND 3650 AND lead_time_days BETWEEN 0 AND 3650),
  CONSTRAINT ck_categories_safety_stock CHECK (safety_stock BETWEEN 0 AND 1000000000),
  CONSTRAINT ck_categories_category_length CHECK (length(category) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TABLE erasures (
  erased TEXT NOT NULL,
  at TEXT NOT NULL,
  reason TEXT,
  CONSTRAINT pk_erasures PRIMARY KEY (erased),
  CONSTRAINT ck_erasures_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_erasures_erased_length CHECK (length(erased) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TABLE new_items (
  sku TEXT NOT NULL,
  name TEXT,
  selling TEXT,
  coverage TEXT,
  backorder_cap INTEGER,
  per_customer_cap INTEGER,
  max_wait_days INTEGER,
  lead_time_days INTEGER,
  released_on TEXT,
  safety_stock INTEGER,
  price INTEGER,
  cost INTEGER,
  currency TEXT,
  supplier TEXT,
  pack_size INTEGER,
  minimum_order INTEGER,
  category TEXT,
  substitutes TEXT NOT NULL,
  CONSTRAINT pk_items PRIMARY KEY (sku),
  CONSTRAINT ck_items_selling CHECK (selling IN ('stock_only', 'backorder', 'preorder', 'discontinued')),
  CONSTRAINT ck_items_coverage CHECK (coverage IN ('inbound', 'lead_time')),
  CONSTRAINT ck_items_caps CHECK (backorder_cap BETWEEN 0 AND 1000000000 AND per_customer_cap BETWEEN 0 AND 1000000000),
  CONSTRAINT ck_items_waits CHECK (max_wait_days BETWEEN 0 AND 3650 AND lead_time_days BETWEEN 0 AND 3650),
  CONSTRAINT ck_items_safety_stock CHECK (safety_stock BETWEEN 0 AND 1000000000),
  CONSTRAINT ck_items_money CHECK ((price IS NULL AND cost IS NULL) OR currency IS NOT NULL),
  CONSTRAINT ck_items_amounts CHECK (price BETWEEN 0 AND 1000000000000000 AND cost BETWEEN 0 AND 1000000000000000),
  CONSTRAINT ck_items_released_on_form CHECK (released_on IS NULL OR released_on IS date(released_on)),
  CONSTRAINT ck_items_sku_length CHECK (length(sku) BETWEEN 1 AND 200),
  CONSTRAINT fk_items_supplier FOREIGN KEY(supplier) REFERENCES suppliers (supplier)
)
 STRICT
-- next
INSERT INTO new_items (
  sku, name, selling, coverage, backorder_cap, per_customer_cap, max_wait_days, lead_time_days, released_on, safety_stock, price, cost, currency, supplier, pack_size, minimum_order, category, substitutes
)
SELECT
  sku, name, selling, coverage, backorder_cap, per_customer_cap, max_wait_days, lead_time_days, released_on, safety_stock, price, cost, currency, supplier, pack_size, minimum_order, category, substitutes
FROM items
-- next
DROP TABLE items
-- next
ALTER TABLE new_items RENAME TO items
-- next
CREATE TABLE new_orders (
  order_id TEXT NOT NULL,
  customer TEXT,
  channel TEXT,
  priority INTEGER NOT NULL,
  placed_at TEXT NOT NULL,
  authorised_at TEXT,
  ship TEXT NOT NULL,
  accept TEXT NOT NULL,
  country TEXT,
  region TEXT,
  zone TEXT,
  sites TEXT NOT NULL,
  currency TEXT,
  shipping INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  paid INTEGER NOT NULL,
  tags TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  held INTEGER NOT NULL,
  CONSTRAINT pk_orders PRIMARY KEY (order_id),
  CONSTRAINT ck_orders_ship CHECK (ship IN ('when_ready', 'complete')),
  CONSTRAINT ck_orders_accept CHECK (accept IN ('order', 'lines')),
  CONSTRAINT ck_orders_whole CHECK (ship = 'when_ready' OR accept = 'order'),
  CONSTRAINT ck_orders_charges CHECK (abs(shipping) <= 1000000000000000 AND abs(tax) <= 1000000000000000 AND abs(discount) <= 1000000000000000),
  CONSTRAINT ck_orders_paid CHECK (paid BETWEEN 0 AND 1000000000000000),
  CONSTRAINT ck_orders_held CHECK (held IN (0, 1)),
  CONSTRAINT ck_orders_placed_at_form CHECK (placed_at IS NULL OR placed_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_orders_authorised_at_form CHECK (authorised_at IS NULL OR authorised_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_orders_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT fk_orders_customer FOREIGN KEY(customer) REFERENCES customers (customer)
)
 STRICT
-- next
INSERT INTO new_orders (
  order_id, customer, channel, priority, placed_at, authorised_at, ship, accept, country, region, zone, sites, currency, shipping, tax, discount, paid, tags, fingerprint, held
)
SELECT
  order_id, customer, channel, priority, placed_at, authorised_at, ship, accept, country, region, zone, sites, currency, shipping, tax, discount, paid, tags, fingerprint, 0
FROM orders
-- next
DROP TABLE orders
-- next
ALTER TABLE new_orders RENAME TO orders
-- next
CREATE INDEX ix_orders_customer ON orders (customer)
-- next
CREATE INDEX ix_orders_complete ON orders (order_id) WHERE ship = 'complete'
-- next
CREATE TABLE item_sites (
  sku TEXT NOT NULL,
  site TEXT NOT NULL,
  safety_stock INTEGER,
  backorder_cap INTEGER,
  CONSTRAINT pk_item_sites PRIMARY KEY (sku, site),
  CONSTRAINT ck_item_sites_units CHECK (safety_stock BETWEEN 0 AND 1000000000 AND backorder_cap BETWEEN 0 AND 1000000000),
  CONSTRAINT fk_item_sites_sku FOREIGN KEY(sku) REFERENCES items (sku),
  CONSTRAINT fk_item_sites_site FOREIGN KEY(site) REFERENCES sites (site)
)
 STRICT
-- next
CREATE TABLE new_supplies (
  supply TEXT NOT NULL,
  kind TEXT NOT NULL,
  sku TEXT NOT NULL,
  site TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  received INTEGER NOT NULL,
  cancelled INTEGER NOT NULL,
  pegged INTEGER NOT NULL,
  expected_on TEXT,
  available_on TEXT,
  confirmed INTEGER NOT NULL,
  document TEXT,
  document_line TEXT,
  ordered_on TEXT,
  supplier TEXT,
  cost INTEGER,
  currency TEXT,
  moves INTEGER,
  fingerprint TEXT,
  from_site TEXT,
  received_before INTEGER NOT NULL,
  CONSTRAINT pk_supplies PRIMARY KEY (supply),
  CONSTRAINT ck_supplies_kind CHECK (kind IN ('stock', 'purchase', 'production', 'transfer')),
  CONSTRAINT ck_supplies_quantity CHECK (quantity BETWEEN 0 AND 1000000000),
  CONSTRAINT ck_supplies_parts CHECK (received >= 0 AND cancelled >= 0 AND pegged >= 0),
  CONSTRAINT ck_supplies_not_oversold CHECK (received + cancelled + pegged <= quantity),
  CONSTRAINT ck_supplies_stock_id CHECK ((kind = 'stock') = (substr(supply, 1, 6) = 'stock/')),
  CONSTRAINT ck_supplies_stock_whole CHECK (kind <> 'stock' OR (received = 0 AND cancelled = 0 AND expected_on IS NULL)),
  CONSTRAINT ck_supplies_stock_moved CHECK (kind <> 'stock' OR quantity = 0 OR moves IS NOT NULL),
  CONSTRAINT ck_supplies_inbound_dated CHECK (kind = 'stock' OR (expected_on IS NOT NULL AND available_on IS NOT NULL)),
  CONSTRAINT ck_supplies_confirmed CHECK (confirmed IN (0, 1)),
  CONSTRAINT ck_supplies_transfer CHECK (from_site IS NULL OR (kind = 'transfer' AND from_site <> site)),
  CONSTRAINT ck_supplies_received_before CHECK (received_before BETWEEN 0 AND received),
  CONSTRAINT fk_supplies_last_move FOREIGN KEY(supply, moves, quantity) REFERENCES stock_moves (supply, n, after_units) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT ck_supplies_expected_on_form CHECK (expected_on IS NULL OR expected_on IS date(expected_on)),
  CONSTRAINT ck_supplies_available_on_form CHECK (available_on IS NULL OR available_on IS date(available_on)),
  CONSTRAINT ck_supplies_ordered_on_form CHECK (ordered_on IS NULL OR ordered_on IS date(ordered_on)),
  CONSTRAINT ck_supplies_supply_length CHECK (length(supply) BETWEEN 1 AND 200),
  CONSTRAINT fk_supplies_sku FOREIGN KEY(sku) REFERENCES items (sku),
  CONSTRAINT fk_supplies_site FOREIGN KEY(site) REFERENCES sites (site),
  CONSTRAINT fk_supplies_supplier FOREIGN KEY(supplier) REFERENCES suppliers (supplier),
  CONSTRAINT fk_supplies_from_site FOREIGN KEY(from_site) REFERENCES sites (site)
)
 STRICT
-- next
INSERT INTO new_supplies (
  supply, kind, sku, site, quantity, received, cancelled, pegged, expected_on, available_on, confirmed, document, document_line, ordered_on, supplier, cost, currency, moves, fingerprint, received_before
)
SELECT
  supply, kind, sku, site, quantity, received, cancelled, pegged, expected_on, available_on, confirmed, document, document_line, ordered_on, supplier, cost, currency, moves, fingerprint, 0
FROM supplies
-- next
DROP TABLE supplies
-- next
ALTER TABLE new_supplies RENAME TO supplies
-- next
CREATE INDEX ix_supplies_document ON supplies (document)
-- next
CREATE INDEX ix_supplies_available ON supplies (available_on) WHERE quantity > received + cancelled AND kind <> 'stock'
-- next
CREATE INDEX ix_supplies_open ON supplies (sku) WHERE quantity > received + cancelled OR kind = 'stock'
-- next
CREATE UNIQUE INDEX uq_supplies_stock ON supplies (sku, site) WHERE kind = 'stock'
-- next
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
  CONSTRAINT pk_lines PRIMARY KEY (order_id, line),
  CONSTRAINT uq_lines_order_id_position UNIQUE (order_id, position),
  CONSTRAINT ck_lines_quantity CHECK (quantity BETWEEN 1 AND 1000000000),
  CONSTRAINT ck_lines_units CHECK (quantity = waiting + allocated + shipped + cancelled),
  CONSTRAINT ck_lines_parts CHECK (waiting >= 0 AND allocated >= 0 AND shipped >= 0 AND cancelled >= 0),
  CONSTRAINT ck_lines_covered CHECK (covered BETWEEN 0 AND waiting),
  CONSTRAINT ck_lines_picked CHECK (picked BETWEEN 0 AND allocated),
  CONSTRAINT ck_lines_unit_price CHECK (unit_price BETWEEN 0 AND 1000000000000000),
  CONSTRAINT ck_lines_ledger CHECK (revisions >= 1 AND backordered BETWEEN 0 AND quantity),
  CONSTRAINT ck_lines_person CHECK ((person_day IS NULL) = (person_until IS NULL) AND person_until <= person_day),
  CONSTRAINT ck_lines_shipped_before CHECK (shipped_before BETWEEN 0 AND shipped),
  CONSTRAINT ck_lines_requested_on_form CHECK (requested_on IS NULL OR requested_on IS date(requested_on)),
  CONSTRAINT ck_lines_accept_by_form CHECK (accept_by IS NULL OR accept_by IS date(accept_by)),
  CONSTRAINT ck_lines_lead_time_day_form CHECK (lead_time_day IS NULL OR lead_time_day IS date(lead_time_day)),
  CONSTRAINT ck_lines_promise_form CHECK (promise IS NULL OR promise IS date(promise)),
  CONSTRAINT ck_lines_planned_form CHECK (planned IS NULL OR planned IS date(planned)),
  CONSTRAINT ck_lines_placed_at_form CHECK (placed_at IS NULL OR placed_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_lines_person_day_form CHECK (person_day IS NULL OR person_day IS date(person_day)),
  CONSTRAINT ck_lines_person_until_form CHECK (person_until IS NULL OR person_until IS date(person_until)),
  CONSTRAINT ck_lines_line_length CHECK (length(line) BETWEEN 1 AND 200),
  CONSTRAINT fk_lines_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id),
  CONSTRAINT fk_lines_sku FOREIGN KEY(sku) REFERENCES items (sku)
)
 STRICT
-- next
INSERT INTO new_lines (
  order_id, line, position, sku, quantity, waiting, allocated, shipped, cancelled, covered, picked, unit_price, requested_on, accept_by, lead_time_day, promise, planned, revisions, backordered, tags, placed_at, shipped_before
)
SELECT
  order_id, line, position, sku, quantity, waiting, allocated, shipped, cancelled, covered, picked, unit_price, requested_on, accept_by, lead_time_day, promise, planned, revisions, CASE WHEN backordered = 1 THEN quantity ELSE 0 END, tags, (SELECT placed_at FROM orders WHERE orders.order_id = lines.order_id), 0
FROM lines
-- next
DROP TABLE lines
-- next
ALTER TABLE new_lines RENAME TO lines
-- next
CREATE INDEX ix_lines_open ON lines (sku) WHERE waiting + allocated > 0
-- next
CREATE TABLE changes (
  order_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  at TEXT NOT NULL,
  line TEXT,
  what TEXT NOT NULL,
  before_value TEXT,
  after_value TEXT,
  reason TEXT,
  by_whom TEXT,
  CONSTRAINT pk_changes PRIMARY KEY (order_id, n),
  CONSTRAINT ck_changes_what CHECK (what IN ('line', 'quantity', 'requested_on', 'accept_by', 'promise', 'ship', 'ship_to', 'sites', 'priority')),
  CONSTRAINT ck_changes_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT fk_changes_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
 STRICT
-- next
CREATE TRIGGER changes_no_delete BEFORE DELETE ON changes BEGIN SELECT RAISE(ABORT, 'the ledger changes is append-only'); END
-- next
CREATE TRIGGER changes_no_update BEFORE UPDATE OF order_id, n, at, line, what, before_value, after_value, by_whom ON changes BEGIN SELECT RAISE(ABORT, 'the ledger changes is append-only'); END
-- next
CREATE TRIGGER changes_only_erase BEFORE UPDATE OF reason ON changes WHEN (NEW.reason <> 'erased') BEGIN SELECT RAISE(ABORT, 'the ledger changes is append-only'); END
-- next
CREATE TABLE holds (
  order_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  n INTEGER NOT NULL,
  at TEXT NOT NULL,
  reason TEXT,
  released_at TEXT,
  release_reason TEXT,
  CONSTRAINT pk_holds PRIMARY KEY (order_id, kind, n),
  CONSTRAINT ck_holds_kind CHECK (kind IN ('payment', 'fraud', 'credit', 'customer')),
  CONSTRAINT ck_holds_after CHECK (released_at IS NULL OR released_at >= at),
  CONSTRAINT ck_holds_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_holds_released_at_form CHECK (released_at IS NULL OR released_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT fk_holds_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
 STRICT
-- next
CREATE UNIQUE INDEX uq_holds_open ON holds (order_id, kind) WHERE released_at IS NULL
-- next
CREATE TABLE new_shipments (
  shipment TEXT NOT NULL,
  order_id TEXT NOT NULL,
  at TEXT NOT NULL,
  carrier TEXT,
  tracking TEXT,
  delivered_at TEXT,
  fingerprint TEXT NOT NULL,
  reversed_at TEXT,
  reversal_reason TEXT,
  CONSTRAINT pk_shipments PRIMARY KEY (shipment),
  CONSTRAINT ck_shipments_reversed CHECK (reversed_at IS NULL OR delivered_at IS NULL),
  CONSTRAINT ck_shipments_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_shipments_delivered_at_form CHECK (delivered_at IS NULL OR delivered_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_shipments_reversed_at_form CHECK (reversed_at IS NULL OR reversed_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_shipments_shipment_length CHECK (length(shipment) BETWEEN 1 AND 200),
  CONSTRAINT fk_shipments_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
 STRICT
-- next
INSERT INTO new_shipments (
  shipment, order_id, at, carrier, tracking, delivered_at, fingerprint
)
SELECT
  shipment, order_id, at, carrier, tracking, delivered_at, fingerprint
FROM shipments
-- next
DROP TABLE shipments
-- next
ALTER TABLE new_shipments RENAME TO shipments
-- next
CREATE INDEX ix_shipments_order ON shipments (order_id)
-- next
CREATE TABLE new_stock_moves (
  supply TEXT NOT NULL,
  n INTEGER NOT NULL,
  at TEXT NOT NULL,
  delta INTEGER NOT NULL,
  before_units INTEGER NOT NULL,
  after_units INTEGER NOT NULL,
  prev INTEGER,
  kind TEXT NOT NULL,
  reference TEXT NOT NULL,
  CONSTRAINT pk_stock_moves PRIMARY KEY (supply, n),
  CONSTRAINT uq_stock_moves_supply_n_after_units UNIQUE (supply, n, after_units),
  CONSTRAINT ck_stock_moves_sum CHECK (after_units = before_units + delta AND after_units >= 0),
  CONSTRAINT ck_stock_moves_first CHECK ((n = 1) = (prev IS NULL) AND (n > 1 OR before_units = 0)),
  CONSTRAINT ck_stock_moves_chain CHECK (prev = n - 1 AND n >= 1),
  CONSTRAINT ck_stock_moves_kind CHECK (kind IN ('receipt', 'count', 'adjust', 'shipment', 'reversal', 'transfer')),
  CONSTRAINT fk_stock_moves_before FOREIGN KEY(supply, prev, before_units) REFERENCES stock_moves (supply, n, after_units) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT ck_stock_moves_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT fk_stock_moves_supply FOREIGN KEY(supply) REFERENCES supplies (supply)
)
 STRICT
-- next
INSERT INTO new_stock_moves (
  supply, n, at, delta, before_units, after_units, prev, kind, reference
)
SELECT
  supply, n, at, delta, before_units, after_units, prev, kind, reference
FROM stock_moves
-- next
DROP TABLE stock_moves
-- next
ALTER TABLE new_stock_moves RENAME TO stock_moves
-- next
CREATE TRIGGER stock_moves_no_delete BEFORE DELETE ON stock_moves BEGIN SELECT RAISE(ABORT, 'the ledger stock_moves is append-only'); END
-- next
CREATE TRIGGER stock_moves_no_update BEFORE UPDATE OF supply, n, at, delta, before_units, after_units, prev, kind ON stock_moves BEGIN SELECT RAISE(ABORT, 'the ledger stock_moves is append-only'); END
-- next
CREATE TRIGGER stock_moves_only_erase BEFORE UPDATE OF reference ON stock_moves WHEN (NEW.reference <> 'erased') BEGIN SELECT RAISE(ABORT, 'the ledger stock_moves is append-only'); END
-- next
CREATE TABLE new_receipts (
  supply TEXT NOT NULL,
  receipt TEXT NOT NULL,
  at TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  final INTEGER NOT NULL,
  surplus INTEGER NOT NULL,
  CONSTRAINT pk_receipts PRIMARY KEY (supply, receipt),
  CONSTRAINT ck_receipts_quantity CHECK (quantity BETWEEN 0 AND 1000000000 AND final IN (0, 1)),
  CONSTRAINT ck_receipts_surplus CHECK (surplus BETWEEN 0 AND quantity),
  CONSTRAINT ck_receipts_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_receipts_receipt_length CHECK (length(receipt) BETWEEN 1 AND 200),
  CONSTRAINT fk_receipts_supply FOREIGN KEY(supply) REFERENCES supplies (supply)
)
 STRICT
-- next
INSERT INTO new_receipts (
  supply, receipt, at, quantity, final, surplus
)
SELECT
  supply, receipt, at, quantity, final, 0
FROM receipts
-- next
DROP TABLE receipts
-- next
ALTER TABLE new_receipts RENAME TO receipts
-- next
CREATE TRIGGER receipts_no_delete BEFORE DELETE ON receipts BEGIN SELECT RAISE(ABORT, 'the ledger receipts is append-only'); END
-- next
CREATE TRIGGER receipts_no_update BEFORE UPDATE ON receipts BEGIN SELECT RAISE(ABORT, 'the ledger receipts is append-only'); END
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
  CONSTRAINT ck_promises_cause CHECK (cause IN ('placed', 'announced', 'confirmed', 'rescheduled', 'overdue', 'received', 'short', 'cancelled_supply', 'counted', 'adjusted', 'stock_loss', 'line_cancelled', 'lead_time', 'policy', 'calendar', 'line_changed', 'line_added', 'order_changed', 'held', 'released', 'reversed', 'person', 'imported')),
  CONSTRAINT ck_promises_basis CHECK (basis IN ('stock', 'inbound', 'lead_time', 'person', 'imported')),
  CONSTRAINT ck_promises_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_promises_from_day_form CHECK (from_day IS NULL OR from_day IS date(from_day)),
  CONSTRAINT ck_promises_to_day_form CHECK (to_day IS NULL OR to_day IS date(to_day)),
  CONSTRAINT ck_promises_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_promises_line_length CHECK (length(line) BETWEEN 1 AND 200)
)
 STRICT
-- next
INSERT INTO new_promises (
  order_id, line, n, at, from_day, to_day, cause, basis, supply
)
SELECT
  order_id, line, n, at, from_day, to_day, cause, basis, supply
FROM promises
-- next
DROP TABLE promises
-- next
ALTER TABLE new_promises RENAME TO promises
-- next
CREATE TRIGGER promises_no_delete BEFORE DELETE ON promises BEGIN SELECT RAISE(ABORT, 'the ledger promises is append-only'); END
-- next
CREATE TRIGGER promises_no_update BEFORE UPDATE ON promises BEGIN SELECT RAISE(ABORT, 'the ledger promises is append-only'); END
-- next
CREATE TABLE new_cancellations (
  order_id TEXT NOT NULL,
  line TEXT NOT NULL,
  n INTEGER NOT NULL,
  at TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  reason TEXT,
  by_whom TEXT NOT NULL,
  CONSTRAINT pk_cancellations PRIMARY KEY (order_id, line, n),
  CONSTRAINT fk_cancellations_order_id_line FOREIGN KEY(order_id, line) REFERENCES lines (order_id, line),
  CONSTRAINT ck_cancellations_quantity CHECK (quantity > 0 AND n >= 1),
  CONSTRAINT ck_cancellations_by_whom CHECK (by_whom IN ('customer', 'merchant', 'law')),
  CONSTRAINT ck_cancellations_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_cancellations_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_cancellations_line_length CHECK (length(line) BETWEEN 1 AND 200)
)
 STRICT
-- next
INSERT INTO new_cancellations (
  order_id, line, n, at, quantity, reason, by_whom
)
SELECT
  order_id, line, n, at, quantity, reason, by_whom
FROM cancellations
-- next
DROP TABLE cancellations
-- next
ALTER TABLE new_cancellations RENAME TO cancellations
-- next
CREATE TRIGGER cancellations_no_delete BEFORE DELETE ON cancellations BEGIN SELECT RAISE(ABORT, 'the ledger cancellations is append-only'); END
-- next
CREATE TRIGGER cancellations_no_update BEFORE UPDATE OF order_id, line, n, at, quantity, by_whom ON cancellations BEGIN SELECT RAISE(ABORT, 'the ledger cancellations is append-only'); END
-- next
CREATE TRIGGER cancellations_only_erase BEFORE UPDATE OF reason ON cancellations WHEN (NEW.reason <> 'erased') BEGIN SELECT RAISE(ABORT, 'the ledger cancellations is append-only'); END
