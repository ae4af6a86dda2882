"""The tables of reallocation: policies in their versions, the plans that runs made, and what each did to lines."""

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, UniqueConstraint, text

from backorder.storage.schema import day, flag, key, moment, named, one_of, reference, table, units, word

# Policies as they were put: the latest version counts, earlier ones stay for the runs that went by them.
policies = table(
    "policies",
    key("policy"),
    units("n"),
    moment("at"),
    word("by_whom"),
    word("body", nullable=False),
    PrimaryKeyConstraint("policy", "n"),
    named("numbered", "n >= 1"),
)

STATES = ("planning", "simulated", "committing", "committed", "undoing", "undone", "failed")

# What a run made of the backlog as it was at a moment. `progress` counts lines of `size` that were seen to in its
# state, `lines` those that are kept of it; at `forget_at` all of it goes.
plans = table(
    "plans",
    key("run"),
    key("policy"),
    units("policy_n"),
    moment("at"),
    day("today", nullable=False),
    word("state", nullable=False),
    units("progress"),
    units("size"),
    units("lines"),
    word("counts", nullable=False),
    moment("committed_at", nullable=True),
    moment("undone_at", nullable=True),
    moment("forget_at"),
    word("by_whom"),
    word("note"),
    PrimaryKeyConstraint("run"),
    ForeignKeyConstraint(["policy", "policy_n"], ["policies.policy", "policies.n"]),
    one_of("state", *STATES),
    named("progress", "progress BETWEEN 0 AND size AND lines >= 0"),
    named("committed", "(committed_at IS NULL) = (state IN ('planning', 'simulated', 'committing', 'failed'))"),
    named("undone", "(undone_at IS NULL) = (state <> 'undone')"),
)
Index("ix_plans_at", plans.c.at)
Index("ix_plans_forget", plans.c.forget_at)

OUTCOMES = ("gained", "lost", "moved", "unchanged", "frozen", "skipped", "unmatched", "held", "left")

# The lines that a plan changes, its exceptions, and the lines that no segment took, in serving order. What a line holds
# is JSON: [[supply, ship day, units], ...] by day and supply. Lines of one `part` share supplies or orders that ship
# complete: they are changed together. `applied` is null where there is nothing to apply; `days` are what undoing needs
# besides: the lead-time day and the person's date that the line had before it was applied, and after, as JSON.
plan_lines = table(
    "plan_lines",
    reference("run", "plans.run"),
    units("n"),
    key("order_id"),
    key("line"),
    units("part"),
    word("segment"),
    word("outcome", nullable=False),
    word("exception"),
    units("waiting"),
    flag("held"),
    day("before_promise"),
    day("after_promise"),
    day("before_planned"),
    day("after_planned"),
    word("before_pegs", nullable=False),
    word("after_pegs", nullable=False),
    word("applied"),
    word("days"),
    word("note"),
    PrimaryKeyConstraint("run", "n"),
    UniqueConstraint("run", "order_id", "line"),
    ForeignKeyConstraint(["order_id", "line"], ["lines.order_id", "lines.line"]),
    one_of("outcome", *OUTCOMES),
    one_of("exception", "win", "gain"),
    one_of("applied", "pending", "applied", "changed", "undone", "undo_refused"),
    named("held", "held IN (0, 1) AND waiting >= 0"),
)
Index("ix_plan_lines_part", plan_lines.c.run, plan_lines.c.part)
# Parts of a plan that people look for, in the order in which lines were served; some are few among very many.
Index("ix_plan_lines_outcome", plan_lines.c.run, plan_lines.c.outcome, plan_lines.c.n)
for _name, _which in (
    ("violated", "exception IS NOT NULL"),
    ("unmatched", "segment IS NULL"),
    ("refused", "applied IN ('changed', 'undo_refused')"),
):
    Index(
        f"ix_plan_lines_{_name}",
        plan_lines.c.run,
        plan_lines.c.n,
        postgresql_where=text(_which),
        sqlite_where=text(_which),
    )
