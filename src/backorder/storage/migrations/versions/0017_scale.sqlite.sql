CREATE INDEX ix_orders_channel ON orders (channel, placed_at)
-- next
CREATE INDEX ix_orders_held ON orders (order_id) WHERE held = 1
-- next
CREATE INDEX ix_supplies_unconfirmed ON supplies (supply) WHERE quantity > received + cancelled AND kind <> 'stock' AND confirmed = 0
-- next
CREATE INDEX ix_supplies_expected ON supplies (expected_on, supply) WHERE quantity > received + cancelled AND kind <> 'stock'
-- next
CREATE INDEX ix_lines_closed ON lines (sku) WHERE waiting + allocated = 0
-- next
CREATE INDEX ix_lines_slipped ON lines (coalesce(promise, '1970-01-01'), order_id, line) WHERE planned > promise AND waiting + allocated > 0
-- next
CREATE INDEX ix_lines_uncovered ON lines (coalesce(promise, '1970-01-01'), order_id, line) WHERE waiting > covered
-- next
CREATE INDEX ix_lines_waiting ON lines (coalesce(promise, '1970-01-01'), order_id, line) WHERE waiting > 0
-- next
CREATE INDEX ix_lines_ready ON lines (coalesce(promise, '1970-01-01'), order_id, line) WHERE allocated > 0
