CREATE TABLE policies (
  policy TEXT NOT NULL,
  n INTEGER NOT NULL,
  at TEXT NOT NULL,
  by_whom TEXT,
  body TEXT NOT NULL,
  CONSTRAINT pk_policies PRIMARY KEY (policy, n),
  CONSTRAINT ck_policies_numbered CHECK (n >= 1),
  CONSTRAINT ck_policies_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_policies_policy_length CHECK (length(policy) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE TRIGGER policies_no_delete BEFORE DELETE ON policies BEGIN SELECT RAISE(ABORT, 'the ledger policies is append-only'); END
-- next
CREATE TRIGGER policies_no_update BEFORE UPDATE ON policies BEGIN SELECT RAISE(ABORT, 'the ledger policies is append-only'); END
-- next
CREATE TABLE plans (
  run TEXT NOT NULL,
  policy TEXT NOT NULL,
  policy_n INTEGER NOT NULL,
  at TEXT NOT NULL,
  today TEXT NOT NULL,
  state TEXT NOT NULL,
  progress INTEGER NOT NULL,
  size INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  counts TEXT NOT NULL,
  committed_at TEXT,
  undone_at TEXT,
  forget_at TEXT NOT NULL,
  by_whom TEXT,
  note TEXT,
  CONSTRAINT pk_plans PRIMARY KEY (run),
  CONSTRAINT fk_plans_policy_policy_n FOREIGN KEY(policy, policy_n) REFERENCES policies (policy, n),
  CONSTRAINT ck_plans_state CHECK (state IN ('planning', 'simulated', 'committing', 'committed', 'undoing', 'undone', 'failed')),
  CONSTRAINT ck_plans_progress CHECK (progress BETWEEN 0 AND size AND lines >= 0),
  CONSTRAINT ck_plans_committed CHECK ((committed_at IS NULL) = (state IN ('planning', 'simulated', 'committing', 'failed'))),
  CONSTRAINT ck_plans_undone CHECK ((undone_at IS NULL) = (state <> 'undone')),
  CONSTRAINT ck_plans_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_plans_today_form CHECK (today IS NULL OR today IS date(today)),
  CONSTRAINT ck_plans_committed_at_form CHECK (committed_at IS NULL OR committed_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_plans_undone_at_form CHECK (undone_at IS NULL OR undone_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_plans_forget_at_form CHECK (forget_at IS NULL OR forget_at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_plans_run_length CHECK (length(run) BETWEEN 1 AND 200),
  CONSTRAINT ck_plans_policy_length CHECK (length(policy) BETWEEN 1 AND 200)
)
 STRICT
-- next
CREATE INDEX ix_plans_at ON plans (at)
-- next
CREATE INDEX ix_plans_forget ON plans (forget_at)
-- next
CREATE TABLE plan_lines (
  run TEXT NOT NULL,
  n INTEGER NOT NULL,
  order_id TEXT NOT NULL,
  line TEXT NOT NULL,
  part INTEGER NOT NULL,
  segment TEXT,
  outcome TEXT NOT NULL,
  exception TEXT,
  waiting INTEGER NOT NULL,
  held INTEGER NOT NULL,
  before_promise TEXT,
  after_promise TEXT,
  before_planned TEXT,
  after_planned TEXT,
  before_pegs TEXT NOT NULL,
  after_pegs TEXT NOT NULL,
  applied TEXT,
  days TEXT,
  note TEXT,
  CONSTRAINT pk_plan_lines PRIMARY KEY (run, n),
  CONSTRAINT uq_plan_lines_run_order_id_line UNIQUE (run, order_id, line),
  CONSTRAINT fk_plan_lines_order_id_line FOREIGN KEY(order_id, line) REFERENCES lines (order_id, line),
  CONSTRAINT ck_plan_lines_outcome CHECK (outcome IN ('gained', 'lost', 'moved', 'unchanged', 'frozen', 'skipped', 'unmatched', 'held', 'left')),
  CONSTRAINT ck_plan_lines_exception CHECK (exception IN ('win', 'gain')),
  CONSTRAINT ck_plan_lines_applied CHECK (applied IN ('pending', 'applied', 'changed', 'undone', 'undo_refused')),
  CONSTRAINT ck_plan_lines_held CHECK (held IN (0, 1) AND waiting >= 0),
  CONSTRAINT ck_plan_lines_before_promise_form CHECK (before_promise IS NULL OR before_promise IS date(before_promise)),
  CONSTRAINT ck_plan_lines_after_promise_form CHECK (after_promise IS NULL OR after_promise IS date(after_promise)),
  CONSTRAINT ck_plan_lines_before_planned_form CHECK (before_planned IS NULL OR before_planned IS date(before_planned)),
  CONSTRAINT ck_plan_lines_after_planned_form CHECK (after_planned IS NULL OR after_planned IS date(after_planned)),
  CONSTRAINT ck_plan_lines_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_plan_lines_line_length CHECK (length(line) BETWEEN 1 AND 200),
  CONSTRAINT fk_plan_lines_run FOREIGN KEY(run) REFERENCES plans (run)
)
 STRICT
-- next
CREATE INDEX ix_plan_lines_part ON plan_lines (run, part)
-- next
ALTER TABLE items ADD COLUMN idle_by TEXT
-- next
CREATE TABLE new_promises (
  order_id TEXT NOT NULL,
  line TEXT NOT NULL,
  n INTEGER NOT NULL,
  at TEXT NOT NULL,
  from_day TEXT,
  to_day TEXT,
  cause TEXT NOT NULL,
  basis TEXT,
  supply TEXT,
  run TEXT,
  CONSTRAINT pk_promises PRIMARY KEY (order_id, line, n),
  CONSTRAINT fk_promises_order_id_line FOREIGN KEY(order_id, line) REFERENCES lines (order_id, line),
  CONSTRAINT ck_promises_first CHECK (n >= 1 AND (n > 1 OR (from_day IS NULL AND to_day IS NOT NULL AND cause IN ('placed', 'imported')))),
  CONSTRAINT ck_promises_based CHECK ((to_day IS NULL) = (basis IS NULL)),
  CONSTRAINT ck_promises_run CHECK ((run IS NOT NULL) = (cause IN ('reallocated', 'undone'))),
  CONSTRAINT ck_promises_cause CHECK (cause IN ('placed', 'announced', 'confirmed', 'rescheduled', 'overdue', 'received', 'short', 'cancelled_supply', 'counted', 'adjusted', 'stock_loss', 'line_cancelled', 'lead_time', 'policy', 'calendar', 'line_changed', 'line_added', 'order_changed', 'held', 'released', 'reversed', 'person', 'imported', 'pinned', 'unpinned', 'reallocated', 'undone')),
  CONSTRAINT ck_promises_basis CHECK (basis IN ('stock', 'inbound', 'lead_time', 'person', 'imported')),
  CONSTRAINT ck_promises_at_form CHECK (at IS NULL OR at GLOB '????-??-??T??:??:??.??????Z'),
  CONSTRAINT ck_promises_from_day_form CHECK (from_day IS NULL OR from_day IS date(from_day)),
  CONSTRAINT ck_promises_to_day_form CHECK (to_day IS NULL OR to_day IS date(to_day)),
  CONSTRAINT ck_promises_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_promises_line_length CHECK (length(line) BETWEEN 1 AND 200)
)
 STRICT
-- next
INSERT INTO new_promises (order_id, line, n, at, from_day, to_day, cause, basis, supply)
SELECT order_id, line, n, at, from_day, to_day, cause, basis, supply FROM promises
-- next
DROP TABLE promises
-- next
ALTER TABLE new_promises RENAME TO promises
-- next
CREATE TRIGGER promises_no_delete BEFORE DELETE ON promises BEGIN SELECT RAISE(ABORT, 'the ledger promises is append-only'); END
-- next
CREATE TRIGGER promises_no_update BEFORE UPDATE ON promises BEGIN SELECT RAISE(ABORT, 'the ledger promises is append-only'); END
-- next
CREATE INDEX ix_promises_gained ON promises (at) WHERE n > 1 AND to_day IS NOT NULL AND (from_day IS NULL OR to_day < from_day)
