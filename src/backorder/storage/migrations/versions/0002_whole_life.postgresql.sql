CREATE TABLE shop (
  shop TEXT COLLATE "C" NOT NULL,
  selling TEXT,
  coverage TEXT,
  backorder_cap BIGINT,
  per_customer_cap BIGINT,
  max_wait_days BIGINT,
  lead_time_days BIGINT,
  safety_stock BIGINT,
  keep_people_days BIGINT,
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
-- next
CREATE TABLE categories (
  category TEXT COLLATE "C" NOT NULL,
  selling TEXT,
  coverage TEXT,
  backorder_cap BIGINT,
  per_customer_cap BIGINT,
  max_wait_days BIGINT,
  lead_time_days BIGINT,
  safety_stock BIGINT,
  CONSTRAINT pk_categories PRIMARY KEY (category),
  CONSTRAINT ck_categories_selling CHECK (selling IN ('stock_only', 'backorder')),
  CONSTRAINT ck_categories_coverage CHECK (coverage IN ('inbound', 'lead_time')),
  CONSTRAINT ck_categories_caps CHECK (backorder_cap BETWEEN 0 AND 1000000000 AND per_customer_cap BETWEEN 0 AND 1000000000),
  CONSTRAINT ck_categories_waits CHECK (max_wait_days BETWEEN 0 AND 3650 AND lead_time_days BETWEEN 0 AND 3650),
  CONSTRAINT ck_categories_safety_stock CHECK (safety_stock BETWEEN 0 AND 1000000000),
  CONSTRAINT ck_categories_category_length CHECK (length(category) BETWEEN 1 AND 200)
)
-- next
CREATE TABLE erasures (
  erased TEXT COLLATE "C" NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  reason TEXT,
  CONSTRAINT pk_erasures PRIMARY KEY (erased),
  CONSTRAINT ck_erasures_erased_length CHECK (length(erased) BETWEEN 1 AND 200)
)
-- next
ALTER TABLE items
  ALTER COLUMN selling DROP NOT NULL,
  ALTER COLUMN coverage DROP NOT NULL,
  ALTER COLUMN safety_stock DROP NOT NULL
-- next
ALTER TABLE orders
  ADD COLUMN held INTEGER NOT NULL DEFAULT 0
-- next
ALTER TABLE orders
  ALTER COLUMN held DROP DEFAULT,
  ADD CONSTRAINT ck_orders_held CHECK (held IN (0, 1))
-- next
CREATE TABLE item_sites (
  sku TEXT COLLATE "C" NOT NULL,
  site TEXT COLLATE "C" NOT NULL,
  safety_stock BIGINT,
  backorder_cap BIGINT,
  CONSTRAINT pk_item_sites PRIMARY KEY (sku, site),
  CONSTRAINT ck_item_sites_units CHECK (safety_stock BETWEEN 0 AND 1000000000 AND backorder_cap BETWEEN 0 AND 1000000000),
  CONSTRAINT fk_item_sites_sku FOREIGN KEY(sku) REFERENCES items (sku),
  CONSTRAINT fk_item_sites_site FOREIGN KEY(site) REFERENCES sites (site)
)
-- next
ALTER TABLE supplies
  ADD COLUMN from_site TEXT COLLATE "C",
  ADD COLUMN received_before BIGINT NOT NULL DEFAULT 0
-- next
ALTER TABLE supplies
  ALTER COLUMN received_before DROP DEFAULT,
  ADD CONSTRAINT ck_supplies_transfer CHECK (from_site IS NULL OR (kind = 'transfer' AND from_site <> site)),
  ADD CONSTRAINT ck_supplies_received_before CHECK (received_before BETWEEN 0 AND received),
  ADD CONSTRAINT fk_supplies_from_site FOREIGN KEY(from_site) REFERENCES sites (site)
-- next
ALTER TABLE lines
  DROP CONSTRAINT ck_lines_ledger,
  ALTER COLUMN backordered TYPE BIGINT,
  ADD COLUMN placed_at TIMESTAMPTZ,
  ADD COLUMN raised_from TEXT,
  ADD COLUMN person_day DATE,
  ADD COLUMN person_until DATE,
  ADD COLUMN shipped_before BIGINT NOT NULL DEFAULT 0
-- next
UPDATE lines SET
  backordered = CASE WHEN backordered = 1 THEN quantity ELSE 0 END,
  placed_at = (SELECT placed_at FROM orders WHERE orders.order_id = lines.order_id)
-- next
ALTER TABLE lines
  ALTER COLUMN shipped_before DROP DEFAULT,
  ALTER COLUMN placed_at SET NOT NULL,
  ADD CONSTRAINT ck_lines_ledger CHECK (revisions >= 1 AND backordered BETWEEN 0 AND quantity),
  ADD CONSTRAINT ck_lines_person CHECK ((person_day IS NULL) = (person_until IS NULL) AND person_until <= person_day),
  ADD CONSTRAINT ck_lines_shipped_before CHECK (shipped_before BETWEEN 0 AND shipped)
-- next
CREATE TABLE changes (
  order_id TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  line TEXT,
  what TEXT NOT NULL,
  before_value TEXT,
  after_value TEXT,
  reason TEXT,
  by_whom TEXT,
  CONSTRAINT pk_changes PRIMARY KEY (order_id, n),
  CONSTRAINT ck_changes_what CHECK (what IN ('line', 'quantity', 'requested_on', 'accept_by', 'promise', 'ship', 'ship_to', 'sites', 'priority')),
  CONSTRAINT fk_changes_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
-- next
CREATE TRIGGER changes_no_delete BEFORE DELETE ON changes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TRIGGER changes_no_update BEFORE UPDATE OF order_id, n, at, line, what, before_value, after_value, by_whom ON changes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TRIGGER changes_only_erase BEFORE UPDATE OF reason ON changes FOR EACH ROW WHEN (NEW.reason <> 'erased') EXECUTE FUNCTION refuse_change()
-- next
CREATE TABLE holds (
  order_id TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL,
  n BIGINT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  reason TEXT,
  released_at TIMESTAMPTZ,
  release_reason TEXT,
  CONSTRAINT pk_holds PRIMARY KEY (order_id, kind, n),
  CONSTRAINT ck_holds_kind CHECK (kind IN ('payment', 'fraud', 'credit', 'customer')),
  CONSTRAINT ck_holds_after CHECK (released_at IS NULL OR released_at >= at),
  CONSTRAINT fk_holds_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
-- next
CREATE UNIQUE INDEX uq_holds_open ON holds (order_id, kind) WHERE released_at IS NULL
-- next
ALTER TABLE shipments
  ADD COLUMN reversed_at TIMESTAMPTZ,
  ADD COLUMN reversal_reason TEXT
-- next
ALTER TABLE shipments
  ADD CONSTRAINT ck_shipments_reversed CHECK (reversed_at IS NULL OR delivered_at IS NULL)
-- next
ALTER TABLE stock_moves
  DROP CONSTRAINT ck_stock_moves_kind
-- next
ALTER TABLE stock_moves
  ADD CONSTRAINT ck_stock_moves_kind CHECK (kind IN ('receipt', 'count', 'adjust', 'shipment', 'reversal', 'transfer'))
-- next
DROP TRIGGER stock_moves_no_update ON stock_moves
-- next
CREATE TRIGGER stock_moves_no_update BEFORE UPDATE OF supply, n, at, delta, before_units, after_units, prev, kind ON stock_moves FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TRIGGER stock_moves_only_erase BEFORE UPDATE OF reference ON stock_moves FOR EACH ROW WHEN (NEW.reference <> 'erased') EXECUTE FUNCTION refuse_change()
-- next
ALTER TABLE receipts
  ADD COLUMN surplus BIGINT NOT NULL DEFAULT 0
-- next
ALTER TABLE receipts
  ALTER COLUMN surplus DROP DEFAULT,
  ADD CONSTRAINT ck_receipts_surplus CHECK (surplus BETWEEN 0 AND quantity)
-- next
ALTER TABLE promises
  DROP CONSTRAINT ck_promises_first,
  DROP CONSTRAINT ck_promises_cause,
  DROP CONSTRAINT ck_promises_basis
-- next
ALTER TABLE promises
  ADD CONSTRAINT ck_promises_first CHECK (n >= 1 AND (n > 1 OR (from_day IS NULL AND to_day IS NOT NULL AND cause IN ('placed', 'imported')))),
  ADD CONSTRAINT ck_promises_cause CHECK (cause IN ('placed', 'announced', 'confirmed', 'rescheduled', 'overdue', 'received', 'short', 'cancelled_supply', 'counted', 'adjusted', 'stock_loss', 'line_cancelled', 'lead_time', 'policy', 'calendar', 'line_changed', 'line_added', 'order_changed', 'held', 'released', 'reversed', 'person', 'imported')),
  ADD CONSTRAINT ck_promises_basis CHECK (basis IN ('stock', 'inbound', 'lead_time', 'person', 'imported'))
-- next
DROP TRIGGER cancellations_no_update ON cancellations
-- next
CREATE TRIGGER cancellations_no_update BEFORE UPDATE OF order_id, line, n, at, quantity, by_whom ON cancellations FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TRIGGER cancellations_only_erase BEFORE UPDATE OF reason ON cancellations FOR EACH ROW WHEN (NEW.reason <> 'erased') EXECUTE FUNCTION refuse_change()
