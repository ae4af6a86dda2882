"""The table of views of the backlog that people keep."""

from sqlalchemy import Index, PrimaryKeyConstraint, UniqueConstraint

from backorder.kernel.views import NAME_MAX, SHOWS, SORTS
from backorder.storage.schema import flag, key, named, one_of, table, word

# An owner is the name of an account, which an export has no row of; `columns` is a list as JSON.
views = table(
    "views",
    key("view"),
    key("owner"),
    word("name", nullable=False),
    flag("shared"),
    word("show", nullable=False),
    word("sku"),
    word("customer"),
    word("channel"),
    word("supply"),
    word("sort", nullable=False),
    flag("down"),
    word("columns"),
    PrimaryKeyConstraint("view"),
    UniqueConstraint("owner", "name"),
    named("name", f"length(name) BETWEEN 1 AND {NAME_MAX}"),
    named("shared", "shared IN (0, 1)"),
    one_of("show", *SHOWS),
    one_of("sort", *SORTS),
    named("down", "down IN (0, 1)"),
)
Index("ix_views_shared", views.c.shared)
