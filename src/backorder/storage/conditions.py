"""Conditions by which partial indexes are found, and the orders that they keep."""

from sqlalchemy import ColumnElement, FromClause, func, literal_column

from backorder.storage.tables import lines, supplies
from backorder.storage.types import Day

# The conditions of the partial indexes, word for word: with a bound value in them the databases would not use those.
LINE_OPEN = lines.c.waiting + lines.c.allocated > literal_column("0")
LINE_CLOSED = lines.c.waiting + lines.c.allocated == literal_column("0")
LINE_WAITS = lines.c.waiting > literal_column("0")
LINE_READY = lines.c.allocated > literal_column("0")
LINE_UNCOVERED = lines.c.waiting > lines.c.covered
LINE_SLIPPED = lines.c.planned > lines.c.promise  # and it waits
LINE_HELD = lines.c.held == literal_column("1")
LINE_SHIPPABLE = LINE_READY & (lines.c.held == literal_column("0"))
SUPPLY_OF_USE = (supplies.c.quantity > supplies.c.received + supplies.c.cancelled) | (
    supplies.c.kind == literal_column("'stock'")
)
SUPPLY_TO_COME = (supplies.c.quantity > supplies.c.received + supplies.c.cancelled) & (
    supplies.c.kind != literal_column("'stock'")
)
SUPPLY_DONE = (supplies.c.quantity == supplies.c.received + supplies.c.cancelled) & (
    supplies.c.kind != literal_column("'stock'")
)

SUPPLY_UNSURE = supplies.c.confirmed == literal_column("0")  # where it is to come

_BEFORE_ALL: ColumnElement[int] = literal_column("'1970-01-01'", type_=Day())  # a line without a date comes first


def promise_key(of: FromClause) -> ColumnElement[int]:
    """What lines stand in order of promise by, as their indexes have it; `of` is the table, or an alias of it."""
    return func.coalesce(of.c.promise, _BEFORE_ALL, type_=Day())


def gained(revisions: FromClause) -> ColumnElement[bool]:
    """The condition of the index of revisions that gained, of the table or an alias of it."""
    n, before, after = (revisions.c[name] for name in ("n", "from_day", "to_day"))
    return (n > literal_column("1")) & after.is_not(None) & (before.is_(None) | (after < before))
