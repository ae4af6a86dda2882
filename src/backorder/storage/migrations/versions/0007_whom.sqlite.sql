DROP TRIGGER stock_moves_no_update
-- next
CREATE TRIGGER stock_moves_no_update BEFORE UPDATE OF supply, n, at, delta, before_units, after_units, prev, kind ON stock_moves BEGIN SELECT RAISE(ABORT, 'the ledger stock_moves is append-only'); END
-- next
DROP TRIGGER stock_moves_only_erase
-- next
CREATE TRIGGER stock_moves_only_erase BEFORE UPDATE OF reference ON stock_moves WHEN (NEW.reference IS DISTINCT FROM OLD.reference AND NEW.reference IS DISTINCT FROM 'erased') BEGIN SELECT RAISE(ABORT, 'the ledger stock_moves is append-only'); END
-- next
DROP TRIGGER cancellations_no_update
-- next
CREATE TRIGGER cancellations_no_update BEFORE UPDATE OF order_id, line, n, at, quantity, by_whom ON cancellations BEGIN SELECT RAISE(ABORT, 'the ledger cancellations is append-only'); END
-- next
DROP TRIGGER cancellations_only_erase
-- next
CREATE TRIGGER cancellations_only_erase BEFORE UPDATE OF reason ON cancellations WHEN (NEW.reason IS DISTINCT FROM OLD.reason AND NEW.reason IS DISTINCT FROM 'erased') BEGIN SELECT RAISE(ABORT, 'the ledger cancellations is append-only'); END
-- next
DROP TRIGGER changes_no_update
-- next
CREATE TRIGGER changes_no_update BEFORE UPDATE OF order_id, n, at, line, what, before_value, after_value ON changes BEGIN SELECT RAISE(ABORT, 'the ledger changes is append-only'); END
-- next
DROP TRIGGER changes_only_erase
-- next
CREATE TRIGGER changes_only_erase BEFORE UPDATE OF reason, by_whom ON changes WHEN (NEW.reason IS DISTINCT FROM OLD.reason AND NEW.reason IS DISTINCT FROM 'erased' OR NEW.by_whom IS DISTINCT FROM OLD.by_whom AND NEW.by_whom IS DISTINCT FROM 'erased') BEGIN SELECT RAISE(ABORT, 'the ledger changes is append-only'); END
-- next
CREATE TABLE new_evidence (
  order_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  at TEXT NOT NULL,
  on_day TEXT NOT NULL,
  line TEXT,
  kind TEXT NOT NULL,
  to_day TEXT,
  quantity INTEGER,
  notice INTEGER,
  by_whom TEXT,
  means TEXT,
  note TEXT,
  answer_by TEXT,
  CONSTRAINT pk_evidence PRIMARY KEY (order_id, n),
  CONSTRAINT ck_evidence_kind CHECK (kind IN ('told', 'bounced', 'delivered', 'suppressed', 'agreed', 'called', 'left', 'declined', 'lapsed', 'reduced', 'substituted', 'parted', 'shipped', 'unshipped', 'arrived', 'refunded', 'began', 'silent')),
  CONSTRAINT ck_evidence_numbered CHECK (n >= 1),
  CONSTRAINT ck_evidence_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_evidence_on_day_form CHECK (on_day IS NULL OR on_day IS date(on_day)),
  CONSTRAINT ck_evidence_to_day_form CHECK (to_day IS NULL OR to_day IS date(to_day)),
  CONSTRAINT ck_evidence_answer_by_form CHECK (answer_by IS NULL OR answer_by IS date(answer_by)),
  CONSTRAINT fk_evidence_order_id FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
 STRICT
-- next
INSERT INTO new_evidence (order_id, n, at, on_day, line, kind, to_day, quantity, notice, by_whom, means, note)
SELECT order_id, n, at, on_day, line, kind, to_day, quantity, notice, by_whom, means, note FROM evidence
-- next
DROP TABLE evidence
-- next
ALTER TABLE new_evidence RENAME TO evidence
-- next
CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'the ledger evidence is append-only'); END
-- next
CREATE TRIGGER evidence_no_update BEFORE UPDATE OF order_id, n, at, on_day, line, kind, to_day, quantity, notice, means, answer_by ON evidence BEGIN SELECT RAISE(ABORT, 'the ledger evidence is append-only'); END
-- next
CREATE TRIGGER evidence_only_erase BEFORE UPDATE OF note, by_whom ON evidence WHEN (NEW.note IS DISTINCT FROM OLD.note AND NEW.note IS DISTINCT FROM 'erased' OR NEW.by_whom IS DISTINCT FROM OLD.by_whom AND NEW.by_whom IS DISTINCT FROM 'erased') BEGIN SELECT RAISE(ABORT, 'the ledger evidence is append-only'); END
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
