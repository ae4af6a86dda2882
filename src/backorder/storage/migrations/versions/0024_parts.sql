CREATE INDEX ix_audit_actor ON audit (actor, n)
-- next
CREATE INDEX ix_audit_what ON audit (what, n)
-- next
CREATE INDEX ix_audit_subject ON audit (subject, n)
-- next
CREATE INDEX ix_plan_lines_outcome ON plan_lines (run, outcome, n)
-- next
CREATE INDEX ix_plan_lines_violated ON plan_lines (run, n) WHERE exception IS NOT NULL
-- next
CREATE INDEX ix_plan_lines_unmatched ON plan_lines (run, n) WHERE segment IS NULL
-- next
CREATE INDEX ix_plan_lines_refused ON plan_lines (run, n) WHERE applied IN ('changed', 'undo_refused')
