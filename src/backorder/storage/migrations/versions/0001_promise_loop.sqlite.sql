CREATE TABLE suppliers (
  supplier TEXT NOT NULL,
  name TEXT,
  lead_time_days INTEGER,
  working_days TEXT NOT NULL,
  holidays TEXT NOT NULL,
  CONSTRAINT pk_suppliers PRIMARY KEY (supplier),
  CONSTRAINT ck_suppliers_lead_time CHECK (lead_time_days BETWEEN 0 AND 3650),
  CONSTRAINT ck_suppliers_supplier_length CHECK (length(supplier) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TABLE sites (
  site TEXT NOT NULL,
  name TEXT,
  zone TEXT NOT NULL,
  country TEXT,
  region TEXT,
  handling_days INTEGER NOT NULL,
  working_days TEXT NOT NULL,
  holidays TEXT NOT NULL,
  serves TEXT NOT NULL,
  transit_days TEXT NOT NULL,
  CONSTRAINT pk_sites PRIMARY KEY (site),
  CONSTRAINT ck_sites_handling CHECK (handling_days BETWEEN 0 AND 365),
  CONSTRAINT ck_sites_site_length CHECK (length(site) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TABLE customers (
  customer TEXT NOT NULL,
  kind TEXT NOT NULL,
  tier TEXT,
  priority INTEGER NOT NULL,
  language TEXT,
  country TEXT,
  region TEXT,
  zone TEXT,
  notify TEXT,
  tags TEXT NOT NULL,
  CONSTRAINT pk_customers PRIMARY KEY (customer),
  CONSTRAINT ck_customers_kind CHECK (kind IN ('consumer', 'business')),
  CONSTRAINT ck_customers_customer_length CHECK (length(customer) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TABLE replies (
  command_id TEXT NOT NULL,
  at TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  outcome TEXT NOT NULL,
  CONSTRAINT pk_replies PRIMARY KEY (command_id),
  CONSTRAINT ck_replies_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_replies_command_id_length CHECK (length(command_id) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TABLE items (
  sku TEXT NOT NULL,
  name TEXT,
  selling TEXT NOT NULL,
  coverage TEXT NOT NULL,
  backorder_cap INTEGER,
  per_customer_cap INTEGER,
  max_wait_days INTEGER,
  lead_time_days INTEGER,
  released_on TEXT,
  safety_stock INTEGER NOT NULL,
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
CREATE TABLE people (
  customer TEXT NOT NULL,
  name TEXT,
  email TEXT,
  CONSTRAINT pk_people PRIMARY KEY (customer),
  CONSTRAINT fk_people_customer FOREIGN KEY(customer) REFERENCES customers (customer)
)
 STRICT
-- next
CREATE TABLE orders (
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
  CONSTRAINT pk_orders PRIMARY KEY (order_id),
  CONSTRAINT ck_orders_ship CHECK (ship IN ('when_ready', 'complete')),
  CONSTRAINT ck_orders_accept CHECK (accept IN ('order', 'lines')),
  CONSTRAINT ck_orders_whole CHECK (ship = 'when_ready' OR accept = 'order'),
  CONSTRAINT ck_orders_charges CHECK (abs(shipping) <= 1000000000000000 AND abs(tax) <= 1000000000000000 AND abs(discount) <= 1000000000000000),
  CONSTRAINT ck_orders_paid CHECK (paid BETWEEN 0 AND 1000000000000000),
  CONSTRAINT ck_orders_placed_at_form CHECK (placed_at IS NULL OR placed_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_orders_authorised_at_form CHECK (authorised_at IS NULL OR authorised_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_orders_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT fk_orders_customer FOREIGN KEY(customer) REFERENCES customers (customer)
)
 STRICT
-- next
CREATE INDEX ix_orders_complete ON orders (order_id) WHERE ship = 'complete'
-- next
CREATE INDEX ix_orders_customer ON orders (customer)
-- next
CREATE TABLE supplies (
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
  CONSTRAINT fk_supplies_last_move FOREIGN KEY(supply, moves, quantity) REFERENCES stock_moves (supply, n, after_units) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT ck_supplies_expected_on_form CHECK (expected_on IS NULL OR expected_on IS date(expected_on)),
  CONSTRAINT ck_supplies_available_on_form CHECK (available_on IS NULL OR available_on IS date(available_on)),
  CONSTRAINT ck_supplies_ordered_on_form CHECK (ordered_on IS NULL OR ordered_on IS date(ordered_on)),
  CONSTRAINT ck_supplies_supply_length CHECK (length(supply) BETWEEN 1 AND 200),
  CONSTRAINT fk_supplies_sku FOREIGN KEY(sku) REFERENCES items (sku),
  CONSTRAINT fk_supplies_site FOREIGN KEY(site) REFERENCES sites (site),
  CONSTRAINT fk_supplies_supplier FOREIGN KEY(supplier) REFERENCES suppliers (supplier)
)
 STRICT
-- next
CREATE INDEX ix_supplies_available ON supplies (available_on) WHERE quantity > received + cancelled AND kind <> 'stock'
-- next
CREATE INDEX ix_supplies_open ON supplies (sku) WHERE quantity > received + cancelled OR kind = 'stock'
-- next
CREATE INDEX ix_supplies_document ON supplies (document)
-- next
CREATE UNIQUE INDEX uq_supplies_stock ON supplies (sku, site) WHERE kind = 'stock'
-- next
CREATE TABLE lines (
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
  CONSTRAINT pk_lines PRIMARY KEY (order_id, line),
  CONSTRAINT uq_lines_order_id_position UNIQUE (order_id, position),
  CONSTRAINT ck_lines_quantity CHECK (quantity BETWEEN 1 AND 1000000000),
  CONSTRAINT ck_lines_units CHECK (quantity = waiting + allocated + shipped + cancelled),
  CONSTRAINT ck_lines_parts CHECK (waiting >= 0 AND allocated >= 0 AND shipped >= 0 AND cancelled >= 0),
  CONSTRAINT ck_lines_covered CHECK (covered BETWEEN 0 AND waiting),
  CONSTRAINT ck_lines_picked CHECK (picked BETWEEN 0 AND allocated),
  CONSTRAINT ck_lines_unit_price CHECK (unit_price BETWEEN 0 AND 1000000000000000),
  CONSTRAINT ck_lines_ledger CHECK (revisions >= 1 AND backordered BETWEEN 0 AND quantity),
  CONSTRAINT ck_lines_requested_on_form CHECK (requested_on IS NULL OR requested_on IS date(requested_on)),
  CONSTRAINT ck_lines_accept_by_form CHECK (accept_by IS NULL OR accept_by IS date(accept_by)),
  CONSTRAINT ck_lines_lead_time_day_form CHECK (lead_time_day IS NULL OR lead_time_day IS date(lead_time_day)),
  CONSTRAINT ck_lines_promise_form CHECK (promise IS NULL OR promise IS date(promise)),
  CONSTRAINT ck_lines_planned_form CHECK (planned IS NULL OR planned IS date(planned)),
  CONSTRAINT ck_lines_line_length CHECK (length(line) BETWEEN 1 AND 200),
  CONSTRAINT fk_lines_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id),
  CONSTRAINT fk_lines_sku FOREIGN KEY(sku) REFERENCES items (sku)
)
 STRICT
-- next
CREATE INDEX ix_lines_open ON lines (sku) WHERE waiting + allocated > 0
-- next
CREATE TABLE shipments (
  shipment TEXT NOT NULL,
  order_id TEXT NOT NULL,
  at TEXT NOT NULL,
  carrier TEXT,
  tracking TEXT,
  delivered_at TEXT,
  fingerprint TEXT NOT NULL,
  CONSTRAINT pk_shipments PRIMARY KEY (shipment),
  CONSTRAINT ck_shipments_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_shipments_delivered_at_form CHECK (delivered_at IS NULL OR delivered_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_shipments_shipment_length CHECK (length(shipment) BETWEEN 1 AND 200),
  CONSTRAINT fk_shipments_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
 STRICT
-- next
CREATE INDEX ix_shipments_order ON shipments (order_id)
-- next
CREATE TABLE stock_moves (
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
  CONSTRAINT ck_stock_moves_kind CHECK (kind IN ('receipt', 'count', 'adjust', 'shipment')),
  CONSTRAINT fk_stock_moves_before FOREIGN KEY(supply, prev, before_units) REFERENCES stock_moves (supply, n, after_units) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT ck_stock_moves_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT fk_stock_moves_supply FOREIGN KEY(supply) REFERENCES supplies (supply)
)
 STRICT
-- next
CREATE TRIGGER stock_moves_no_update BEFORE UPDATE ON stock_moves BEGIN SELECT RAISE(ABORT, 'the ledger stock_moves is append-only'); END
-- next
CREATE TRIGGER stock_moves_no_delete BEFORE DELETE ON stock_moves BEGIN SELECT RAISE(ABORT, 'the ledger stock_moves is append-only'); END
-- next
CREATE TABLE receipts (
  supply TEXT NOT NULL,
  receipt TEXT NOT NULL,
  at TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  final INTEGER NOT NULL,
  CONSTRAINT pk_receipts PRIMARY KEY (supply, receipt),
  CONSTRAINT ck_receipts_quantity CHECK (quantity BETWEEN 0 AND 1000000000 AND final IN (0, 1)),
  CONSTRAINT ck_receipts_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_receipts_receipt_length CHECK (length(receipt) BETWEEN 1 AND 200),
  CONSTRAINT fk_receipts_supply FOREIGN KEY(supply) REFERENCES supplies (supply)
)
 STRICT
-- next
CREATE TRIGGER receipts_no_update BEFORE UPDATE ON receipts BEGIN SELECT RAISE(ABORT, 'the ledger receipts is append-only'); END
-- next
CREATE TRIGGER receipts_no_delete BEFORE DELETE ON receipts BEGIN SELECT RAISE(ABORT, 'the ledger receipts is append-only'); END
-- next
CREATE TABLE pegs (
  order_id TEXT NOT NULL,
  line TEXT NOT NULL,
  supply TEXT NOT NULL,
  ships_on TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  CONSTRAINT pk_pegs PRIMARY KEY (order_id, line, supply, ships_on),
  CONSTRAINT fk_pegs_order_id_line FOREIGN KEY(order_id, line) REFERENCES lines (order_id, line),
  CONSTRAINT ck_pegs_quantity CHECK (quantity > 0),
  CONSTRAINT ck_pegs_ships_on_form CHECK (ships_on IS NULL OR ships_on IS date(ships_on)),
  CONSTRAINT ck_pegs_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_pegs_line_length CHECK (length(line) BETWEEN 1 AND 200),
  CONSTRAINT fk_pegs_supply FOREIGN KEY(supply) REFERENCES supplies (supply)
)
 STRICT
-- next
CREATE INDEX ix_pegs_supply ON pegs (supply)
-- next
CREATE TABLE promises (
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
  CONSTRAINT ck_promises_first CHECK (n >= 1 AND (n > 1 OR (from_day IS NULL AND to_day IS NOT NULL AND cause = 'placed'))),
  CONSTRAINT ck_promises_based CHECK ((to_day IS NULL) = (basis IS NULL)),
  CONSTRAINT ck_promises_cause CHECK (cause IN ('placed', 'announced', 'confirmed', 'rescheduled', 'overdue', 'received', 'short', 'cancelled_supply', 'counted', 'adjusted', 'stock_loss', 'line_cancelled', 'lead_time', 'policy', 'calendar')),
  CONSTRAINT ck_promises_basis CHECK (basis IN ('stock', 'inbound', 'lead_time', 'person')),
  CONSTRAINT ck_promises_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_promises_from_day_form CHECK (from_day IS NULL OR from_day IS date(from_day)),
  CONSTRAINT ck_promises_to_day_form CHECK (to_day IS NULL OR to_day IS date(to_day)),
  CONSTRAINT ck_promises_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_promises_line_length CHECK (length(line) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TRIGGER promises_no_update BEFORE UPDATE ON promises BEGIN SELECT RAISE(ABORT, 'the ledger promises is append-only'); END
-- next
CREATE TRIGGER promises_no_delete BEFORE DELETE ON promises BEGIN SELECT RAISE(ABORT, 'the ledger promises is append-only'); END
-- next
CREATE TABLE cancellations (
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
CREATE TRIGGER cancellations_no_update BEFORE UPDATE ON cancellations BEGIN SELECT RAISE(ABORT, 'the ledger cancellations is append-only'); END
-- next
CREATE TRIGGER cancellations_no_delete BEFORE DELETE ON cancellations BEGIN SELECT RAISE(ABORT, 'the ledger cancellations is append-only'); END
-- next
CREATE TABLE shipment_lines (
  shipment TEXT NOT NULL,
  order_id TEXT NOT NULL,
  line TEXT NOT NULL,
  supply TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  CONSTRAINT pk_shipment_lines PRIMARY KEY (shipment, line, supply),
  CONSTRAINT fk_shipment_lines_order_id_line FOREIGN KEY(order_id, line) REFERENCES lines (order_id, line),
  CONSTRAINT ck_shipment_lines_quantity CHECK (quantity > 0),
  CONSTRAINT ck_shipment_lines_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_shipment_lines_line_length CHECK (length(line) BETWEEN 1 AND 200),
  CONSTRAINT fk_shipment_lines_shipment FOREIGN KEY(shipment) REFERENCES shipments (shipment),
  CONSTRAINT fk_shipment_lines_supply FOREIGN KEY(supply) REFERENCES supplies (supply)
)
 STRICT
-- next
CREATE INDEX ix_shipment_lines_line ON shipment_lines (order_id, line)
