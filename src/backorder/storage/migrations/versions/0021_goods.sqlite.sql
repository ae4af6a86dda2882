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
