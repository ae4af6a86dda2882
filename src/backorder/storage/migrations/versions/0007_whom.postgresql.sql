DROP TRIGGER stock_moves_no_update ON stock_moves
-- next
CREATE TRIGGER stock_moves_no_update BEFORE UPDATE OF supply, n, at, delta, before_units, after_units, prev, kind ON stock_moves FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
DROP TRIGGER stock_moves_only_erase ON stock_moves
-- next
CREATE TRIGGER stock_moves_only_erase BEFORE UPDATE OF reference ON stock_moves FOR EACH ROW WHEN (NEW.reference IS DISTINCT FROM OLD.reference AND NEW.reference IS DISTINCT FROM 'erased') EXECUTE FUNCTION refuse_change()
-- next
DROP TRIGGER cancellations_no_update ON cancellations
-- next
CREATE TRIGGER cancellations_no_update BEFORE UPDATE OF order_id, line, n, at, quantity, by_whom ON cancellations FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
DROP TRIGGER cancellations_only_erase ON cancellations
-- next
CREATE TRIGGER cancellations_only_erase BEFORE UPDATE OF reason ON cancellations FOR EACH ROW WHEN (NEW.reason IS DISTINCT FROM OLD.reason AND NEW.reason IS DISTINCT FROM 'erased') EXECUTE FUNCTION refuse_change()
-- next
DROP TRIGGER changes_no_update ON changes
-- next
CREATE TRIGGER changes_no_update BEFORE UPDATE OF order_id, n, at, line, what, before_value, after_value ON changes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
DROP TRIGGER changes_only_erase ON changes
-- next
CREATE TRIGGER changes_only_erase BEFORE UPDATE OF reason, by_whom ON changes FOR EACH ROW WHEN (NEW.reason IS DISTINCT FROM OLD.reason AND NEW.reason IS DISTINCT FROM 'erased' OR NEW.by_whom IS DISTINCT FROM OLD.by_whom AND NEW.by_whom IS DISTINCT FROM 'erased') EXECUTE FUNCTION refuse_change()
-- next
ALTER TABLE evidence ADD COLUMN answer_by DATE
-- next
ALTER TABLE evidence DROP CONSTRAINT ck_evidence_kind
-- next
ALTER TABLE evidence ADD CONSTRAINT ck_evidence_kind CHECK (kind IN ('told', 'bounced', 'delivered', 'suppressed', 'agreed', 'called', 'left', 'declined', 'lapsed', 'reduced', 'substituted', 'parted', 'shipped', 'unshipped', 'arrived', 'refunded', 'began', 'silent'))
-- next
DROP TRIGGER evidence_no_update ON evidence
-- next
CREATE TRIGGER evidence_no_update BEFORE UPDATE OF order_id, n, at, on_day, line, kind, to_day, quantity, notice, means, answer_by ON evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
DROP TRIGGER evidence_only_erase ON evidence
-- next
CREATE TRIGGER evidence_only_erase BEFORE UPDATE OF note, by_whom ON evidence FOR EACH ROW WHEN (NEW.note IS DISTINCT FROM OLD.note AND NEW.note IS DISTINCT FROM 'erased' OR NEW.by_whom IS DISTINCT FROM OLD.by_whom AND NEW.by_whom IS DISTINCT FROM 'erased') EXECUTE FUNCTION refuse_change()
-- next
ALTER TABLE notices ADD COLUMN sent_to TEXT
-- next
DROP INDEX ix_notices_open
-- next
CREATE INDEX ix_notices_open ON notices (state, deadline, order_id, n) WHERE state IN ('due', 'asking', 'bounced')
-- next
DROP INDEX ix_notices_troubled
-- next
CREATE INDEX ix_notices_troubled ON notices (deadline, order_id, n) WHERE state = 'due' AND trouble IS NOT NULL
