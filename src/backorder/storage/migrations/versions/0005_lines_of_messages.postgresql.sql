ALTER TABLE outbox ALTER COLUMN due_at DROP NOT NULL
-- next
UPDATE outbox SET due_at = NULL
WHERE state = 'waiting' AND EXISTS (
  SELECT 1 FROM outbox earlier WHERE earlier.sender = outbox.sender AND earlier.subject = outbox.subject
    AND earlier.state = 'waiting' AND earlier.event < outbox.event
)
-- next
CREATE INDEX ix_orders_placed ON orders (placed_at)
-- next
CREATE INDEX ix_shipments_at ON shipments (at)
