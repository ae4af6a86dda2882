ALTER TABLE lines ADD COLUMN firm_until DATE
-- next
UPDATE lines SET firm_until = (SELECT min(CASE WHEN supplies.confirmed = 0 THEN DATE '1970-01-01' ELSE supplies.expected_on END)
    FROM pegs JOIN supplies ON supplies.supply = pegs.supply
    WHERE pegs.order_id = lines.order_id AND pegs.line = lines.line AND supplies.kind <> 'stock')
WHERE covered > 0
-- next
ALTER TABLE lines ADD CONSTRAINT ck_lines_firm CHECK ((firm_until IS NULL) = (covered = 0))
-- next
CREATE INDEX ix_lines_firm ON lines (firm_until) INCLUDE (order_id, line, planned, covered, promise, channel, sku, waiting, allocated, placed_at) WHERE waiting > 0 AND firm_until IS NOT NULL
-- next
DROP INDEX ix_lines_uncovered
-- next
CREATE INDEX ix_lines_uncovered ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise, channel, sku, waiting, allocated, placed_at) WHERE waiting > covered
-- next
CREATE INDEX ix_lines_bare ON lines (sku) INCLUDE (waiting, covered) WHERE waiting > covered
-- next
CREATE INDEX ix_lines_leaving ON lines (order_id) WHERE allocated > 0
