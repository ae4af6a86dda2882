ALTER TABLE lines ADD COLUMN channel TEXT
-- next
UPDATE lines SET channel = (SELECT channel FROM orders WHERE orders.order_id = lines.order_id)
-- next
DROP INDEX ix_orders_channel
-- next
CREATE INDEX ix_orders_channel ON orders (channel, order_id)
-- next
CREATE INDEX ix_lines_channel ON lines (channel, coalesce(promise, '1970-01-01'), order_id, line) WHERE waiting > 0 AND channel IS NOT NULL
-- next
DROP INDEX ix_pegs_supply
-- next
CREATE INDEX ix_pegs_supply ON pegs (supply, order_id, line)
-- next
DROP INDEX ix_orders_customer
-- next
CREATE INDEX ix_orders_customer ON orders (customer, order_id)
