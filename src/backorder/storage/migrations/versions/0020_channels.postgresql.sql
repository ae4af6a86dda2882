ALTER TABLE lines ADD COLUMN channel TEXT
-- next
UPDATE lines SET channel = orders.channel FROM orders WHERE orders.order_id = lines.order_id AND orders.channel IS NOT NULL
-- next
DROP INDEX ix_lines_slipped
-- next
CREATE INDEX ix_lines_slipped ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at) WHERE planned > promise AND waiting > 0
-- next
DROP INDEX ix_lines_uncovered
-- next
CREATE INDEX ix_lines_uncovered ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at) WHERE waiting > covered
-- next
DROP INDEX ix_lines_waiting
-- next
CREATE INDEX ix_lines_waiting ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at) WHERE waiting > 0
-- next
DROP INDEX ix_lines_ready
-- next
CREATE INDEX ix_lines_ready ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at) WHERE allocated > 0
-- next
DROP INDEX ix_orders_channel
-- next
CREATE INDEX ix_orders_channel ON orders (channel, order_id) WHERE channel IS NOT NULL
-- next
CREATE INDEX ix_lines_channel ON lines (channel, coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, planned, covered, sku, waiting, allocated, placed_at) WHERE waiting > 0 AND channel IS NOT NULL
-- next
DROP INDEX ix_pegs_supply
-- next
CREATE INDEX ix_pegs_supply ON pegs (supply, order_id, line)
-- next
DROP INDEX ix_orders_customer
-- next
CREATE INDEX ix_orders_customer ON orders (customer, order_id) WHERE customer IS NOT NULL
