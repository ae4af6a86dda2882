ALTER TABLE lines ADD COLUMN customer TEXT COLLATE "C"
-- next
ALTER TABLE lines ADD COLUMN held INTEGER NOT NULL DEFAULT 0
-- next
UPDATE lines SET customer = orders.customer, held = orders.held FROM orders WHERE orders.order_id = lines.order_id AND (orders.customer IS NOT NULL OR orders.held = 1)
-- next
ALTER TABLE lines ALTER COLUMN held DROP DEFAULT
-- next
ALTER TABLE lines ADD CONSTRAINT ck_lines_held CHECK (held IN (0, 1))
-- next
ALTER TABLE lines ADD CONSTRAINT fk_lines_customer FOREIGN KEY (customer) REFERENCES customers (customer)
-- next
DROP INDEX ix_lines_slipped
-- next
CREATE INDEX ix_lines_slipped ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at, held) WHERE planned > promise AND waiting > 0
-- next
DROP INDEX ix_lines_uncovered
-- next
CREATE INDEX ix_lines_uncovered ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at, held) WHERE waiting > covered
-- next
DROP INDEX ix_lines_waiting
-- next
CREATE INDEX ix_lines_waiting ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at, held) WHERE waiting > 0
-- next
DROP INDEX ix_lines_ready
-- next
CREATE INDEX ix_lines_ready ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at, held) WHERE allocated > 0
-- next
CREATE INDEX ix_lines_held ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at, held) WHERE held = 1
-- next
DROP INDEX ix_lines_channel
-- next
CREATE INDEX ix_lines_channel ON lines (channel, coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, planned, covered, sku, waiting, allocated, placed_at, held) WHERE waiting > 0 AND channel IS NOT NULL
-- next
CREATE INDEX ix_lines_customer ON lines (customer, order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at, held, planned, covered, firm_until) WHERE customer IS NOT NULL
-- next
DROP INDEX ix_lines_open
-- next
CREATE INDEX ix_lines_open ON lines (sku) INCLUDE (order_id, line, customer, promise, channel, waiting, allocated, placed_at, held, planned, covered, firm_until) WHERE waiting + allocated > 0
-- next
DROP INDEX ix_lines_firm
-- next
CREATE INDEX ix_lines_firm ON lines (firm_until) INCLUDE (order_id, line, planned, covered, promise, channel, sku, waiting, allocated, placed_at, held) WHERE waiting > 0 AND firm_until IS NOT NULL
-- next
DROP INDEX ix_lines_leaving
-- next
CREATE INDEX ix_lines_leaving ON lines (order_id) WHERE allocated > 0 AND held = 0
