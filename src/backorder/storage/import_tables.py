"""The tables of imports: what was taken over and how far it went, and which columns are which fields."""

from sqlalchemy import Index, PrimaryKeyConstraint, text

from backorder.storage.schema import flag, key, moment, named, one_of, table, units, word

# What goes on beside requests: a file that is taken over, or the demo's data. Nothing of what the file says is here.
imports = table(
    "imports",
    key("run"),
    word("kind", nullable=False),
    word("file"),
    word("digest", nullable=False),
    word("by_whom", nullable=False),
    word("state", nullable=False),
    units("size"),
    units("seen"),
    units("taken"),
    units("refused"),
    flag("stop"),
    word("counts"),
    word("note"),
    moment("begun_at"),
    moment("seen_at"),
    moment("ended_at", nullable=True),
    PrimaryKeyConstraint("run"),
    one_of("state", "running", "done", "stopped", "interrupted", "failed"),
    named("ended", "(state = 'running') = (ended_at IS NULL)"),
    named("stop", "stop IN (0, 1)"),
    named("sizes", "taken >= 0 AND refused >= 0 AND taken + refused <= seen AND seen <= size"),
)
_RUNS = text("state = 'running'")
Index(
    "uq_imports_running",
    imports.c.kind,
    imports.c.digest,
    unique=True,
    postgresql_where=_RUNS,
    sqlite_where=_RUNS,
)
Index("ix_imports_begun", imports.c.begun_at)

# Which column of a file is which field, remembered by name. The body is JSON.
mappings = table(
    "mappings",
    key("kind"),
    key("name"),
    word("body", nullable=False),
    word("by_whom", nullable=False),
    moment("at"),
    PrimaryKeyConstraint("kind", "name"),
)
