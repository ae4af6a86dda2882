CREATE TABLE policies (
  policy TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  by_whom TEXT,
  body TEXT NOT NULL,
  CONSTRAINT pk_policies PRIMARY KEY (policy, n),
  CONSTRAINT ck_policies_numbered CHECK (n >= 1),
  CONSTRAINT ck_policies_policy_length CHECK (length(policy) BETWEEN 1 AND 200)
)
-- next
CREATE TRIGGER policies_no_delete BEFORE DELETE ON policies FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TRIGGER policies_no_update BEFORE UPDATE ON policies FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
-- next
CREATE TABLE plans (
  run TEXT COLLATE "C" NOT NULL,
  policy TEXT COLLATE "C" NOT NULL,
  policy_n BIGINT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  today DATE NOT NULL,
  state TEXT NOT NULL,
  progress BIGINT NOT NULL,
  size BIGINT NOT NULL,
  lines BIGINT NOT NULL,
  counts TEXT NOT NULL,
  committed_at TIMESTAMPTZ,
  undone_at TIMESTAMPTZ,
  forget_at TIMESTAMPTZ NOT NULL,
  by_whom TEXT,
  note TEXT,
  CONSTRAINT pk_plans PRIMARY KEY (run),
  CONSTRAINT fk_plans_policy_policy_n FOREIGN KEY(policy, policy_n) REFERENCES policies (policy, n),
  CONSTRAINT ck_plans_state CHECK (state IN ('planning', 'simulated', 'committing', 'committed', 'undoing', 'undone', 'failed')),
  CONSTRAINT ck_plans_progress CHECK (progress BETWEEN 0 AND size AND lines >= 0),
  CONSTRAINT ck_plans_committed CHECK ((committed_at IS NULL) = (state IN ('planning', 'simulated', 'committing', 'failed'))),
  CONSTRAINT ck_plans_undone CHECK ((undone_at IS NULL) = (state <> 'undone')),
  CONSTRAINT ck_plans_run_length CHECK (length(run) BETWEEN 1 AND 200),
  CONSTRAINT ck_plans_policy_length CHECK (length(policy) BETWEEN 1 AND 200)
)
-- next
CREATE INDEX ix_plans_at ON plans (at)
-- next
CREATE INDEX ix_plans_forget ON plans (forget_at)
-- next
CREATE TABLE plan_lines (
  run TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL,
  order_id TEXT COLLATE "C" NOT NULL,
  line TEXT COLLATE "C" NOT NULL,
  part BIGINT NOT NULL,
  segment TEXT,
  outcome TEXT NOT NULL,
  exception TEXT,
  waiting BIGINT NOT NULL,
  held INTEGER NOT NULL,
  before_promise DATE,
  after_promise DATE,
  before_planned DATE,
  after_planned DATE,
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
  CONSTRAINT ck_plan_lines_order_id_length CHECK (length(order_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_plan_lines_line_length CHECK (length(line) BETWEEN 1 AND 200),
  CONSTRAINT fk_plan_lines_run FOREIGN KEY(run) REFERENCES plans (run)
)
-- next
CREATE INDEX ix_plan_lines_part ON plan_lines (run, part)
-- next
ALTER TABLE items ADD COLUMN idle_by TEXT
-- next
ALTER TABLE promises ADD COLUMN run TEXT
-- next
ALTER TABLE promises DROP CONSTRAINT ck_promises_cause
-- next
ALTER TABLE promises ADD CONSTRAINT ck_promises_cause CHECK (cause IN ('placed', 'announced', 'confirmed', 'rescheduled', 'overdue', 'received', 'short', 'cancelled_supply', 'counted', 'adjusted', 'stock_loss', 'line_cancelled', 'lead_time', 'policy', 'calendar', 'line_changed', 'line_added', 'order_changed', 'held', 'released', 'reversed', 'person', 'imported', 'pinned', 'unpinned', 'reallocated', 'undone'))
-- next
ALTER TABLE promises ADD CONSTRAINT ck_promises_run CHECK ((run IS NOT NULL) = (cause IN ('reallocated', 'undone')))
-- next
CREATE INDEX ix_promises_gained ON promises (at) WHERE n > 1 AND to_day IS NOT NULL AND (from_day IS NULL OR to_day < from_day)
