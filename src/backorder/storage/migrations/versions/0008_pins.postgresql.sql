ALTER TABLE pegs ADD COLUMN pinned BIGINT NOT NULL DEFAULT 0
-- next
ALTER TABLE pegs ALTER COLUMN pinned DROP DEFAULT
-- next
ALTER TABLE pegs ADD CONSTRAINT ck_pegs_pinned CHECK (pinned BETWEEN 0 AND quantity)
-- next
ALTER TABLE promises DROP CONSTRAINT ck_promises_cause
-- next
ALTER TABLE promises ADD CONSTRAINT ck_promises_cause CHECK (cause IN ('placed', 'announced', 'confirmed', 'rescheduled', 'overdue', 'received', 'short', 'cancelled_supply', 'counted', 'adjusted', 'stock_loss', 'line_cancelled', 'lead_time', 'policy', 'calendar', 'line_changed', 'line_added', 'order_changed', 'held', 'released', 'reversed', 'person', 'imported', 'pinned', 'unpinned'))
