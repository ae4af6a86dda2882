CREATE INDEX ix_supplies_supplier ON supplies (supplier, expected_on, supply) WHERE quantity > received + cancelled AND kind <> 'stock'
-- next
CREATE INDEX ix_supplies_site ON supplies (site, expected_on, supply) WHERE quantity > received + cancelled AND kind <> 'stock'
-- next
CREATE INDEX ix_supplies_done ON supplies (expected_on, supply) WHERE quantity = received + cancelled AND kind <> 'stock'
-- next
CREATE INDEX ix_supplies_done_item ON supplies (sku, expected_on, supply) WHERE quantity = received + cancelled AND kind <> 'stock'
-- next
CREATE INDEX ix_supplies_done_supplier ON supplies (supplier, expected_on, supply) WHERE quantity = received + cancelled AND kind <> 'stock'
-- next
CREATE INDEX ix_supplies_done_site ON supplies (site, expected_on, supply) WHERE quantity = received + cancelled AND kind <> 'stock'
-- next
DROP INDEX ix_lines_uncovered
-- next
CREATE INDEX ix_lines_uncovered ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at, covered) WHERE waiting > covered
