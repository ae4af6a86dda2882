DROP INDEX ix_lines_slipped
-- next
CREATE INDEX ix_lines_slipped ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise) WHERE planned > promise AND waiting > 0
-- next
DROP INDEX ix_lines_uncovered
-- next
CREATE INDEX ix_lines_uncovered ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise) WHERE waiting > covered
-- next
DROP INDEX ix_lines_waiting
-- next
CREATE INDEX ix_lines_waiting ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise) WHERE waiting > 0
-- next
DROP INDEX ix_lines_ready
-- next
CREATE INDEX ix_lines_ready ON lines (coalesce(promise, '1970-01-01'), order_id, line) INCLUDE (promise) WHERE allocated > 0
